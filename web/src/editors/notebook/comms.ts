import type { CommMessage } from "../../api/notebooks";
import { Store } from "../../sync/store";
import { record } from "./cell";

/** A comm that is open, as a message that would open it now. */
type Open = { message: CommMessage; paths: Map<string, { path: unknown; data: string }> };

/**
 * The comms of a notebook's widgets, between the kernel and the frames that show
 * them: it knows the state of each, so that another frame can begin, and tells every
 * frame what another one changed.
 */
export class Comms {
  /** Counts the comms that were opened. */
  readonly version = new Store(0);
  #open = new Map<string, Open>();
  #frames = new Set<(m: CommMessage) => void>();
  #send: (m: CommMessage) => boolean;

  constructor(send: (m: CommMessage) => boolean) {
    this.#send = send;
  }

  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** The messages that open all comms as they are. */
  openings(): CommMessage[] {
    return [...this.#open.values()].map(({ message, paths }) => {
      const all = [...paths.values()];
      const data = { ...record(message.content.data), buffer_paths: all.map((p) => p.path) };
      return { ...message, content: { ...message.content, data }, buffers: all.map((p) => p.data) };
    });
  }

  /** The kernel is another one: its widgets are gone. */
  clear(): void {
    this.#open.clear();
  }

  /** Begins with the state that the notebook's file has (metadata.widgets). */
  restore(widgets: unknown): void {
    const saved = record(record(record(widgets)["application/vnd.jupyter.widget-state+json"]).state);
    for (const [id, v] of Object.entries(saved)) {
      const { state, model_name, model_module, model_module_version, buffers } = record(v);
      if (this.#open.has(id)) continue;
      const whole = {
        _model_name: model_name,
        _model_module: model_module,
        _model_module_version: model_module_version,
        ...record(state),
      };
      const kept = (Array.isArray(buffers) ? buffers : []).map(record);
      this.#take({
        header: { msg_type: "comm_open" },
        metadata: { version: "2.1.0" },
        content: {
          comm_id: id,
          target_name: "jupyter.widget",
          data: { state: whole, buffer_paths: kept.map((b) => b.path) },
        },
        buffers: kept.map((b) => String(b.data ?? "")),
      });
    }
  }

  /** A message of the kernel. */
  take(m: CommMessage): void {
    this.#take(m);
    for (const frame of this.#frames) frame(m);
  }

  /** A frame hears the messages of the kernel, and what others change; the answer is how it sends its own. */
  join(hear: (m: CommMessage) => void): { send: (m: CommMessage) => void; leave: () => void } {
    this.#frames.add(hear);
    return {
      send: (m) => {
        this.#send(m);
        this.#take(m);
        for (const frame of this.#frames) if (frame !== hear && isUpdate(m)) frame(m);
      },
      leave: () => this.#frames.delete(hear),
    };
  }

  #take(m: CommMessage): void {
    const id = String(m.content.comm_id ?? "");
    switch (m.header.msg_type) {
      case "comm_open":
        this.#open.set(id, { message: m, paths: pathsOf(m) });
        this.version.set(this.version.get() + 1);
        break;
      case "comm_close":
        this.#open.delete(id);
        break;
      default: {
        const open = this.#open.get(id);
        if (open && isUpdate(m)) this.#open.set(id, merged(open, m));
      }
    }
  }
}

function isUpdate(m: CommMessage): boolean {
  const { method } = record(m.content.data);
  return method === "update" || method === "echo_update";
}

function pathsOf(m: CommMessage): Open["paths"] {
  const { buffer_paths } = record(m.content.data);
  const list = Array.isArray(buffer_paths) ? buffer_paths : [];
  return new Map(list.map((path, i) => [JSON.stringify(path), { path, data: m.buffers?.[i] ?? "" }]));
}

function merged({ message, paths }: Open, m: CommMessage): Open {
  const data = record(message.content.data);
  const change = record(record(m.content.data).state);
  const kept = [...paths].filter(([, p]) => !(Array.isArray(p.path) && String(p.path[0]) in change));
  return {
    message: {
      ...message,
      content: { ...message.content, data: { ...data, state: { ...record(data.state), ...change } } },
    },
    paths: new Map([...kept, ...pathsOf(m)]),
  };
}
