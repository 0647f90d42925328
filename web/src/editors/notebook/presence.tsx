import { useSyncExternalStore } from "react";
import type { Awareness } from "y-protocols/awareness";
import { Store } from "../../sync/store";
import { Avatar } from "../../ui/avatar";
import { t } from "../../words";
import { type Cell, record } from "./cell";
import { useBook } from "./hooks";
import styles from "./notebook.module.css";

/** Somebody else in the notebook, and the id of the cell that they are in. */
export type Someone = { client: number; account: string; name: string; colour: number; cell: string };

/** Who else is in a notebook; it tells only what a cell would show otherwise. */
export class Presence {
  readonly people = new Store<readonly Someone[]>([]);
  #awareness: Awareness;
  #stop: () => void;

  constructor(awareness: Awareness) {
    this.#awareness = awareness;
    const look = () => {
      const next = someoneElse(awareness);
      if (JSON.stringify(next) !== JSON.stringify(this.people.get())) this.people.set(next);
    };
    look();
    awareness.on("change", look);
    this.#stop = () => awareness.off("change", look);
  }

  /** Says in which cell this person is. */
  tell(cell: string): void {
    const state = this.#awareness.getLocalState();
    if (state && state.cell !== cell) this.#awareness.setLocalStateField("cell", cell);
  }

  end(): void {
    this.#stop();
  }
}

/** The states of the others. What they send is not trusted to be of any shape. */
function someoneElse(awareness: Awareness): Someone[] {
  const people: Someone[] = [];
  for (const [client, state] of awareness.getStates()) {
    if (client === awareness.clientID) continue;
    const { user, cell } = record(state);
    const { id, name, colour } = record(user);
    people.push({
      client,
      account: typeof id === "string" ? id : "",
      name: typeof name === "string" ? name.slice(0, 100) : "",
      colour: typeof colour === "number" ? Math.abs(Math.trunc(colour)) % 12 : client % 12,
      cell: typeof cell === "string" ? cell : "",
    });
  }
  return people;
}

/** Who else is in a cell. */
export function PeopleIn({ cell }: { cell: Cell }) {
  const { presence } = useBook();
  const clients = useSyncExternalStore(presence.people.subscribe, () =>
    presence.people
      .get()
      .filter((p) => p.cell === cell.id)
      .map((p) => p.client)
      .join(" "),
  );
  if (clients === "") return null;
  const here = presence.people.get().filter((p) => p.cell === cell.id);
  return (
    <span className={styles.people}>
      {here.slice(0, 4).map((p) => (
        <span key={p.client} title={t("{name} is in this cell", { name: p.name })}>
          <Avatar person={{ id: String(p.client), name: p.name, colour: p.colour }} size={18} />
        </span>
      ))}
    </span>
  );
}
