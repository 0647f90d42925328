import { keyCaps } from "./action";
import styles from "./keys.module.css";

/** The caps of a key: Ctrl K. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className={styles.keys}>
      {keyCaps(keys).map((cap, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a key may be pressed twice: D D
        <kbd key={i}>{cap}</kbd>
      ))}
    </span>
  );
}
