import type { Terminal } from "@xterm/xterm";

/**
 * Keeps a terminal from answering queries of its program ("where is the cursor?",
 * "what are you?") while silent says so: those of a replay were answered long
 * ago, and of several viewers only one answers. The answers are made by the
 * emulator's parser, so the query is taken before it gets there.
 */
export function muteQueries(term: Terminal, silent: () => boolean): () => void {
  const mute = () => silent();
  const asks = (data: string) => silent() && /(^|;)\?$/.test(data);
  const { parser } = term;
  const handlers = [
    parser.registerCsiHandler({ final: "c" }, mute), // primary device attributes
    parser.registerCsiHandler({ prefix: ">", final: "c" }, mute), // secondary
    parser.registerCsiHandler({ prefix: "=", final: "c" }, mute), // tertiary
    parser.registerCsiHandler({ prefix: ">", final: "q" }, mute), // XTVERSION
    parser.registerCsiHandler({ final: "n" }, mute), // device status, cursor position
    parser.registerCsiHandler({ prefix: "?", final: "n" }, mute),
    parser.registerCsiHandler({ intermediates: "$", final: "p" }, mute), // DECRQM
    parser.registerCsiHandler({ prefix: "?", intermediates: "$", final: "p" }, mute),
    parser.registerCsiHandler({ prefix: "?", final: "u" }, mute), // keyboard protocol
    parser.registerCsiHandler({ final: "t" }, (p) => silent() && reports.has(Number(p[0]))),
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, mute), // DECRQSS
    parser.registerDcsHandler({ intermediates: "+", final: "q" }, mute), // XTGETTCAP
    ...[4, 10, 11, 12].map((n) => parser.registerOscHandler(n, asks)), // colours
  ];
  return () => {
    for (const h of handlers) h.dispose();
  };
}

/** Window operations that report something. */
const reports = new Set([11, 13, 14, 15, 16, 18, 19, 20, 21]);
