// Runs in the frame of an output (public/output.html), as a script of its own: a manager
// of Jupyter's widgets. Its comms go to the page around it, which has the kernel.
import * as base from "@jupyter-widgets/base";
import css from "@jupyter-widgets/base/css/index.css?inline";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import * as controls from "@jupyter-widgets/controls";
// Not the built one, in which the colours are those of the light theme.
import controlsCSS from "@jupyter-widgets/controls/css/widgets.css?inline";
import { OutputModel, OutputView } from "./outputwidget";

type Message = {
  header: { msg_type: string };
  content: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  buffers?: string[];
};
type Tell = (m: unknown) => void;

/** Milliseconds after which a message counts as dealt with: the next one is sent then. */
const pace = 40;

const ours = `:root{--jp-ui-font-color0:var(--ink);--jp-ui-font-color1:var(--ink);--jp-ui-font-color2:var(--quiet);
--jp-content-font-color1:var(--ink);--jp-layout-color0:var(--surface);--jp-layout-color1:var(--surface);--jp-layout-color2:var(--hover);--jp-layout-color3:var(--line);
--jp-border-color1:var(--edge);--jp-border-color2:var(--line);--jp-brand-color1:var(--accent);--jp-widgets-color:var(--ink);--jp-widgets-label-color:var(--ink);
--jp-widgets-input-color:var(--ink);--jp-widgets-input-background-color:var(--surface);--jp-widgets-input-border-color:var(--edge);
--jp-brand-color0:var(--accent);--jp-brand-color2:var(--accent);--jp-widgets-input-focus-border-color:var(--accent);--jp-widgets-slider-active-handle-color:var(--accent);
--jp-ui-inverse-font-color0:var(--surface);--jp-ui-inverse-font-color1:var(--surface);--jp-inverse-ui-font-color0:var(--surface);--jp-inverse-ui-font-color1:var(--surface);
--jp-success-color0:var(--green);--jp-success-color1:var(--green);--jp-warn-color0:var(--amber);--jp-warn-color1:var(--amber);--jp-error-color0:var(--red);--jp-error-color1:var(--red);--jp-info-color0:var(--accent);--jp-info-color1:var(--accent);
--jp-widgets-readout-color:var(--ink);--jp-widgets-dropdown-arrow:url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'%3E%3Cpath d='M5 7l4 4 4-4' fill='none' stroke='%23808b98' stroke-width='1.5'/%3E%3C/svg%3E");--jp-widgets-font-size:13px;--jp-ui-font-size1:13px;--jp-code-font-family:ui-monospace,monospace}
.widget-output pre{margin:0;font:13px/18px ui-monospace,monospace;white-space:pre-wrap}`;

class Comm implements base.IClassicComm {
  readonly comm_id: string;
  readonly target_name: string;
  #tell: Tell;
  #heard: ((msg: unknown) => void) | undefined;
  /** What came before there was a model to hear it. */
  #waiting: unknown[] = [];
  #closed: (msg: unknown) => void = () => {};

  constructor(id: string, target: string, tell: Tell) {
    this.comm_id = id;
    this.target_name = target;
    this.#tell = tell;
  }

  open(
    data: unknown,
    callbacks?: unknown,
    metadata?: unknown,
    buffers?: ArrayBuffer[] | ArrayBufferView[],
  ): string {
    return this.#send("comm_open", { target_name: this.target_name, data }, callbacks, metadata, buffers);
  }
  send(
    data: unknown,
    callbacks?: unknown,
    metadata?: unknown,
    buffers?: ArrayBuffer[] | ArrayBufferView[],
  ): string {
    return this.#send("comm_msg", { data }, callbacks, metadata, buffers);
  }
  close(
    data?: unknown,
    callbacks?: unknown,
    metadata?: unknown,
    buffers?: ArrayBuffer[] | ArrayBufferView[],
  ): string {
    return this.#send("comm_close", { data: data ?? {} }, callbacks, metadata, buffers);
  }
  on_msg(f: (msg: unknown) => void): void {
    this.#heard = f;
    for (const m of this.#waiting.splice(0)) f(m);
  }
  on_close(f: (msg: unknown) => void): void {
    this.#closed = f;
  }
  heard(msg: unknown): void {
    if (this.#heard) this.#heard(msg);
    else this.#waiting.push(msg);
  }
  closed(msg: unknown): void {
    this.#closed(msg);
  }

  #send(
    type: string,
    content: Record<string, unknown>,
    callbacks: unknown,
    metadata: unknown,
    buffers: ArrayBuffer[] | ArrayBufferView[] | undefined,
  ): string {
    const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.#tell({
      t: "comm",
      msg: {
        header: { msg_type: type, msg_id: id },
        parent_header: {},
        metadata: metadata ?? {},
        content: { comm_id: this.comm_id, ...content },
        buffers: (buffers ?? []).map(base64),
      },
    });
    // A widget waits until its last message is dealt with before it sends the next.
    const { iopub } = (callbacks ?? {}) as { iopub?: { status?: (m: unknown) => void } };
    setTimeout(() => iopub?.status?.({ content: { execution_state: "idle" } }), pace);
    return id;
  }
}

class Manager extends ManagerBase {
  readonly comms = new Map<string, Comm>();
  #tell: Tell;

  constructor(tell: Tell) {
    super();
    this.#tell = tell;
  }

  /** Takes a message of the kernel. */
  async take(m: Message): Promise<void> {
    const id = String(m.content.comm_id);
    const msg = { ...m, metadata: m.metadata ?? {}, buffers: (m.buffers ?? []).map(bytes) };
    if (m.header.msg_type === "comm_open") {
      if (this.comms.has(id)) return;
      const comm = new Comm(id, String(m.content.target_name), this.#tell);
      this.comms.set(id, comm);
      // It has the fields that the manager reads, which are fewer than its type has.
      await this.handle_comm_open(comm, msg as unknown as Parameters<ManagerBase["handle_comm_open"]>[1]);
    } else if (m.header.msg_type === "comm_close") this.comms.get(id)?.closed(msg);
    else this.comms.get(id)?.heard(msg);
  }

  protected async loadClass(name: string, module: string): Promise<typeof base.WidgetModel> {
    const modules: Record<string, Record<string, unknown>> = {
      "@jupyter-widgets/base": base,
      "@jupyter-widgets/controls": controls,
      "@jupyter-widgets/output": { OutputModel, OutputView },
    };
    const found = modules[module]?.[name];
    if (!found) throw new Error(`Widgets of ${module} cannot be shown here.`);
    return found as typeof base.WidgetModel; // the modules hold classes under these names
  }

  protected async _create_comm(
    target: string,
    id?: string,
    data?: unknown,
    metadata?: unknown,
  ): Promise<Comm> {
    const comm = new Comm(id ?? crypto.getRandomValues(new Uint32Array(4)).join("-"), target, this.#tell);
    this.comms.set(comm.comm_id, comm);
    if (data || metadata) comm.open(data, {}, metadata);
    return comm;
  }

  protected async _get_comm_info(): Promise<object> {
    return {};
  }
}

function base64(b: ArrayBuffer | ArrayBufferView): string {
  const view = ArrayBuffer.isView(b)
    ? new Uint8Array(b.buffer, b.byteOffset, b.byteLength)
    : new Uint8Array(b);
  let text = "";
  for (let i = 0; i < view.length; i += 0x8000) text += String.fromCharCode(...view.subarray(i, i + 0x8000));
  return btoa(text);
}

function bytes(text: string): DataView {
  const raw = atob(text);
  const view = new DataView(new ArrayBuffer(raw.length));
  for (let i = 0; i < raw.length; i++) view.setUint8(i, raw.charCodeAt(i));
  return view;
}

let manager: Manager | undefined;

Object.assign(globalThis, {
  lyceumWidgets: {
    async show({ model, opens }: { model: string; opens: Message[] }, tell: Tell) {
      const style = document.head.appendChild(document.createElement("style"));
      style.textContent = css + controlsCSS + ours;
      manager = new Manager(tell);
      for (const m of opens) {
        const made = manager.take(m);
        made.catch(() => undefined); // its view says what is wrong
        // A widget waits for those that it names, which may come later: none is waited for here.
      }
      const found = await manager.get_model(model);
      const view = await manager.create_view(found as base.DOMWidgetModel);
      const widget = view.luminoWidget;
      // Lumino's attach is a static method of every widget's class.
      (widget.constructor as unknown as { attach(w: unknown, host: HTMLElement): void }).attach(
        widget,
        document.body,
      );
    },
    // A widget may wait for another one, which comes later: none is waited for here.
    message(m: Message) {
      manager?.take(m).catch(() => undefined);
    },
  },
});
