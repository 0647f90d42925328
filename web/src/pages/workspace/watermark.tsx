import { FilePlus, FileSearch, SquareTerminal } from "lucide-react";
import { registry } from "../../ui/action";
import { Button } from "../../ui/button";
import { Keys } from "../../ui/keys";
import { Mark } from "../../ui/mark";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import styles from "./workspace.module.css";

/** What stands where no tab is open: how to begin. */
export function Watermark() {
  const { workspace, running, may } = useRoom();
  const run = (id: string) =>
    registry
      .now()
      .find((a) => a.id === id)
      ?.run();
  return (
    <div className={styles.watermark}>
      <Mark size={32} />
      <p>{t("Open a file from the side, or begin here.")}</p>
      {running ? (
        <div className={styles.begin}>
          <Button look="quiet" onClick={() => run("file.find")}>
            <FileSearch size={16} strokeWidth={1.5} aria-hidden />
            <span>{t("Go to a file")}</span>
            <Keys keys="Mod+P" />
          </Button>
          {may("files.write") ? (
            <Button look="quiet" onClick={() => workspace.want("file")}>
              <FilePlus size={16} strokeWidth={1.5} aria-hidden />
              <span>{t("New file")}</span>
              <Keys keys="Alt+N" />
            </Button>
          ) : null}
          {may("terminals.use") ? (
            <Button look="quiet" onClick={() => void say(workspace.newTerminal())}>
              <SquareTerminal size={16} strokeWidth={1.5} aria-hidden />
              <span>{t("New terminal")}</span>
              <Keys keys="Ctrl+`" />
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
