// Speaks with notebook_ydoc_test.go by lines of JSON: a notebook becomes an update of
// @jupyter/ydoc's YNotebook, and an update becomes a notebook; then it is edited.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.argv[2]}/`);
const { YNotebook } = await import(pathToFileURL(require.resolve("@jupyter/ydoc")).href);
// The very yjs that the package imports: another copy would not know its types.
const Yjs = await import(pathToFileURL(`${process.argv[2]}/yjs/dist/yjs.mjs`).href);

const acts = {
  write({ notebook }) {
    const n = new YNotebook();
    n.fromJSON(notebook);
    return { update: Buffer.from(Yjs.encodeStateAsUpdate(n.ydoc)).toString("base64") };
  },
  read({ update }) {
    const n = new YNotebook();
    Yjs.applyUpdate(n.ydoc, Buffer.from(update, "base64"));
    return { notebook: n.toJSON() };
  },
  edit({ update }) {
    const n = new YNotebook();
    Yjs.applyUpdate(n.ydoc, Buffer.from(update, "base64"));
    n.getCell(0).updateSource(0, 0, "# edited\n");
    n.insertCell(1, { id: "new", cell_type: "code", source: "1 + 1", metadata: {}, outputs: [], execution_count: null });
    n.moveCell(0, 2);
    const code = n.cells.find((c) => c.cell_type === "code" && c.outputs.length > 0);
    code.appendStreamOutput(0, "more\n");
    code.updateOutputs(code.outputs.length, code.outputs.length, [{ output_type: "display_data", data: { "text/plain": "added" }, metadata: {} }]);
    code.setMetadata("tags", ["a"]);
    code.execution_count = 9;
    n.setMetadata("title", "T");
    return { update: Buffer.from(Yjs.encodeStateAsUpdate(n.ydoc)).toString("base64"), notebook: n.toJSON() };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const q = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(acts[q.act](q))}\n`);
}

process.exit(0); // the awareness of a notebook keeps a timer
