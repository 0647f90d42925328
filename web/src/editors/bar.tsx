import { ChevronDown, Download } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "../ui/button";
import { classes } from "../ui/classes";
import { Menu, MenuChoice } from "../ui/menu";
import { t } from "../words";
import { download } from "./download/download";
import styles from "./editor.module.css";
import { type FileKind, isText, kindOf, wayName, waysOf } from "./kind";

/** What every viewer is given. version changes when the file may have, on the disk. */
export type ViewerProps = {
  project: string;
  path: string;
  version: number;
  way: Way;
};

/** As what the file is shown, and how to change that. */
export type Way = { kind: FileKind; choose: (kind: FileKind) => void; canWrite: boolean };

/** The line above a viewer: what there is to know of the file, what can be done with it, and other ways to open it. */
export function Bar({
  project,
  path,
  way,
  about,
  tight,
  children,
}: {
  project: string;
  path: string;
  way: Way;
  about?: ReactNode;
  /** There is much in it: on a phone what is known of the file is left out, and buttons are narrow. */
  tight?: boolean;
  children?: ReactNode;
}) {
  const editable = isText(way.kind, path) && way.kind !== "text" && kindOf(path) !== "notebook";
  return (
    <div
      className={classes(styles.bar, tight && styles.tight)}
      role="toolbar"
      aria-label={t("What can be done with the file")}
    >
      <span className={styles.about}>{about}</span>
      {children}
      {editable ? (
        <Button look="quiet" onClick={() => way.choose("text")}>
          {way.canWrite ? t("Edit as text") : t("Read as text")}
        </Button>
      ) : null}
      <OpenAs path={path} way={way} />
      <IconButton label={t("Download")} onClick={() => download(project, path)}>
        <Download size={16} strokeWidth={1.5} />
      </IconButton>
    </div>
  );
}

/** The menu of the ways in which a file can be shown. */
export function OpenAs({ path, way }: { path: string; way: Way }) {
  return (
    <Menu
      trigger={
        <Button look="quiet">
          {t("Open as")}
          <ChevronDown size={14} strokeWidth={1.5} aria-hidden />
        </Button>
      }
    >
      <MenuChoice
        label={t("Open as")}
        value={way.kind}
        choices={waysOf(path).map((value) => ({ value, label: wayName(value) }))}
        onChange={way.choose}
      />
    </Menu>
  );
}
