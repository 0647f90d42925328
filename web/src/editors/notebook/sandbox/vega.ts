// Runs in the frame of an output (public/output.html), as a script of its own.
import embed, { type EmbedOptions, type VisualizationSpec } from "vega-embed";

Object.assign(globalThis, {
  lyceumVega: (place: HTMLElement, spec: VisualizationSpec, mode: "vega" | "vega-lite", dark: boolean) => {
    const options: EmbedOptions = {
      mode,
      actions: { export: true, source: false, compiled: false, editor: false },
      ...(dark && { theme: "dark", config: { background: "transparent" } }),
    };
    return embed(place, spec, options);
  },
});
