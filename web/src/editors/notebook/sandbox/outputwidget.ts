// The Output widget: what a program prints or displays while it captures.
import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";

const view = "application/vnd.jupyter.widget-view+json";

type Output = Record<string, unknown>;

export class OutputModel extends DOMWidgetModel {
  override defaults() {
    return {
      ...super.defaults(),
      _model_name: "OutputModel",
      _view_name: "OutputView",
      _model_module: "@jupyter-widgets/output",
      _view_module: "@jupyter-widgets/output",
      msg_id: "",
      outputs: [],
    };
  }
}

export class OutputView extends DOMWidgetView {
  override render() {
    super.render();
    this.el.classList.add("widget-output");
    this.listenTo(this.model, "change:outputs", () => this.#draw());
    this.#draw();
  }

  #draw() {
    const outputs: unknown = this.model.get("outputs");
    const list = Array.isArray(outputs) ? (outputs as Output[]) : [];
    this.el.replaceChildren(...list.map((o) => this.#widget(o) ?? element(o)));
  }

  /** A widget that was displayed while this one captured; undefined for other outputs. */
  #widget({ data }: Output): HTMLElement | undefined {
    const named = (data as Output | undefined)?.[view] as { model_id?: unknown } | undefined;
    if (typeof named?.model_id !== "string") return undefined;
    const place = document.createElement("div");
    const show = async (id: string) => {
      const shown = await this.create_child_view(await this.model.widget_manager.get_model(id));
      place.replaceChildren(shown.el);
    };
    show(named.model_id).catch((e: unknown) => {
      place.textContent = String(e); // it is not there any more
    });
    return place;
  }
}

function element(o: Output): HTMLElement {
  const data = (o.data ?? {}) as Record<string, unknown>;
  const text = (v: unknown) => (Array.isArray(v) ? v.join("") : String(v ?? ""));
  const image = ["image/png", "image/jpeg", "image/gif"].find((type) => data[type] !== undefined);
  if (image) {
    const img = document.createElement("img");
    img.src = `data:${image};base64,${text(data[image]).replace(/\s/g, "")}`;
    img.alt = text(data["text/plain"]);
    return img;
  }
  if (data["text/html"] !== undefined || data["image/svg+xml"] !== undefined) {
    const div = document.createElement("div");
    div.innerHTML = text(data["text/html"] ?? data["image/svg+xml"]); // of this frame, which reaches nothing
    return div;
  }
  const pre = document.createElement("pre");
  const said = o.output_type === "error" ? `${o.ename}: ${o.evalue}` : text(o.text ?? data["text/plain"]);
  if (o.output_type === "error") pre.className = "failed";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences of a terminal are taken out
  pre.textContent = said.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
  return pre;
}
