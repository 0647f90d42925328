// Runs in the frame of an output (public/output.html), as a script of its own.
import embed, { type EmbedOptions, type VisualizationSpec } from "vega-embed";

/** The look of a plot that has none of its own, in the colours of the page. */
function look(dark: boolean): NonNullable<EmbedOptions["config"]> {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const words = {
    labelColor: token("--quiet"),
    titleColor: token("--ink"),
    labelFont: font,
    titleFont: font,
  };
  const lines = { gridColor: token("--line"), domainColor: token("--edge"), tickColor: token("--edge") };
  const mark = dark ? "#7DB3F2" : "#1F5FA8";
  return {
    background: "transparent",
    font,
    axis: { ...words, ...lines },
    legend: words,
    header: words,
    title: { color: token("--ink"), subtitleColor: token("--quiet"), font, subtitleFont: font },
    style: { "guide-label": { fill: token("--quiet") }, "guide-title": { fill: token("--ink") } },
    view: { stroke: token("--line") },
    mark: { color: mark },
    bar: { color: mark },
    text: { color: token("--ink") },
  };
}

const font = "system-ui, sans-serif";

Object.assign(globalThis, {
  lyceumVega: (place: HTMLElement, spec: VisualizationSpec, mode: "vega" | "vega-lite", dark: boolean) => {
    const options: EmbedOptions = {
      mode,
      actions: { export: true, source: false, compiled: false, editor: false },
      config: look(dark),
    };
    return embed(place, spec, options);
  },
});
