import * as Y from "yjs";
import { choose, type Renderer, textOf } from "../../jupyter/mime";
import { plain } from "../../sync/ipynb";
import { record } from "./cell";

/** An output as it is shown. */
export type Shown =
  | { kind: "stream"; name: "stdout" | "stderr"; text: string }
  | { kind: "error"; name: string; value: string; traceback: string[] }
  | {
      kind: "data";
      data: Record<string, unknown>;
      metadata: Record<string, unknown>;
      /** execute_result: what the cell's last line gave. */
      result: boolean;
    };

/** What is in an output. Whatever it lacks, it is of one of the kinds. */
export function readOutput(map: Y.Map<unknown>): Shown {
  const text = (name: string) => {
    const v = map.get(name);
    return v instanceof Y.Text ? v.toString() : textOf(plain(v));
  };
  switch (map.get("output_type")) {
    case "stream":
      return { kind: "stream", name: map.get("name") === "stderr" ? "stderr" : "stdout", text: text("text") };
    case "error": {
      const traceback: unknown = plain(map.get("traceback"));
      return {
        kind: "error",
        name: text("ename"),
        value: text("evalue"),
        traceback: Array.isArray(traceback) ? traceback.map(String) : [],
      };
    }
    default:
      return {
        kind: "data",
        data: record(plain(map.get("data"))),
        metadata: record(plain(map.get("metadata"))),
        result: map.get("output_type") === "execute_result",
      };
  }
}

/** A large output that lies beside the document. size is in bytes. */
export type Blob = { type: string; hash: string; size: number };

/** What is set aside of an output, by its metadata: {lyceum: {blob: {type: {hash, size}}}}. */
export function blobsOf(metadata: Record<string, unknown>): Blob[] {
  return Object.entries(record(record(metadata.lyceum).blob)).flatMap(([type, v]) => {
    const { hash, size } = record(v);
    if (typeof hash !== "string" || !/^[\w-]{8,128}$/.test(hash)) return [];
    return [{ type, hash, size: typeof size === "number" ? size : 0 }];
  });
}

/** How the data of an output is shown: of its own types and of those that were set aside. */
export type Choice = { type: string; renderer: Renderer; blob?: Blob };

export function choiceOf(
  data: Record<string, unknown>,
  metadata: Record<string, unknown>,
): Choice | undefined {
  const blobs = blobsOf(metadata);
  const found = choose([...new Set([...Object.keys(data), ...blobs.map((b) => b.type)])]);
  if (!found) return undefined;
  const blob = blobs.find((b) => b.type === found.type);
  return { ...found, ...(blob && { blob }) };
}

/** Pixels that an output will take, about: nothing jumps far when it is shown. */
export function guessHeight(map: Y.Map<unknown>): number {
  const kind = map.get("output_type");
  if (kind === "stream") {
    const v = map.get("text");
    const text = v instanceof Y.Text ? v.toString() : textOf(v);
    return Math.min(foldedLines, lineCount(text)) * 18 + 8;
  }
  if (kind === "error") return 80;
  const data = record(plain(map.get("data")));
  const renderer = choose(Object.keys(data))?.renderer;
  if (renderer === "text") return Math.min(foldedLines, lineCount(textOf(data["text/plain"]))) * 18 + 8;
  return renderer === "image" || renderer === "plotly" || renderer === "vega" ? 400 : 240;
}

/** Lines of output that are shown of a long one. */
export const foldedLines = 40;

export function lineCount(text: string): number {
  let n = 1;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) n++;
  return text.endsWith("\n") ? n - 1 : n;
}
