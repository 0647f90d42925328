import { t } from "../words";
import { useRegistered } from "./action";
import { Dialog } from "./dialog";
import { Keys } from "./keys";
import styles from "./keysheet.module.css";
import { grouped } from "./palette";

/** The help sheet: every key that means something on this page. */
export function KeySheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const actions = useRegistered();
  const withKeys = actions.flatMap((a) =>
    a.keys === undefined || !(a.when?.() ?? true) ? [] : [{ ...a, keys: a.keys }],
  );
  return (
    <Dialog open={open} onClose={onClose} title={t("Keys")} wide>
      <div className={styles.sheet}>
        {grouped(withKeys).map((g) => (
          <div key={g.group}>
            <h3>{g.group}</h3>
            <dl>
              {g.items.map((a) => (
                <div key={a.id}>
                  <dt>{a.label}</dt>
                  <dd>
                    <Keys keys={a.keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </div>
    </Dialog>
  );
}
