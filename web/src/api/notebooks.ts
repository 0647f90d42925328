// Notebooks that run: on the project's server, whoever looks. What they print is in
// the live document; here is what is done with the kernel.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type NotebookState = Schemas["NotebookState"];
export type NotebookKernel = Schemas["NotebookKernel"];

/** A program asks for a line of text. */
export type Prompt = Schemas["NotebookInput"];

/** What can be done with a notebook's kernel; api.NotebookAction. */
export type NotebookAction =
  | { action: "run"; cells: string[] }
  | { action: "run-above" | "run-below"; cell: string }
  | { action: "run-all" | "stop" | "restart" | "restart-run-all" | "shutdown" }
  | { action: "start"; spec: string }
  | { action: "clear-outputs"; cells?: string[] }
  | { action: "input"; value: string };

/** What a request over the notebook's socket asks of the kernel. Positions are UTF-16 units. */
export type RequestKind =
  | "complete"
  | "inspect"
  | "history"
  | "is_complete"
  | "kernel_info"
  | "comm_info"
  | "variables";

/** A message of a comm (Jupyter's messaging protocol), with its buffers in base64. */
export type CommMessage = {
  header: { msg_type: string; msg_id?: string };
  parent_header?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  content: Record<string, unknown>;
  buffers?: string[];
};

/** What the project says over the socket. */
export type FromNotebook =
  | ({ t: "state" } & NotebookState)
  | { t: "reply"; id: string; type?: string; content?: Record<string, unknown>; error?: string }
  | { t: "comm"; msg: CommMessage }
  | { t: "input"; input: Prompt };

/** What the page says. */
export type ToNotebook =
  | { t: "request"; id: string; type: RequestKind; content: Record<string, unknown> }
  | { t: "comm"; msg: CommMessage }
  | { t: "input"; value: string };

/** Does something with a notebook's kernel. Throws RequestError. */
export async function actOnNotebook(
  project: string,
  path: string,
  action: NotebookAction,
): Promise<NotebookState> {
  const answer = await fetchRaw(inProject(project, "notebooks", path), {
    method: "POST",
    body: JSON.stringify(action),
    headers: { "Content-Type": "application/json" },
  });
  return (await answer.json()) as NotebookState; // the server's tests hold it to the type
}

/** What a notebook can be downloaded as by a program of the project. */
export type Conversion = Schemas["Conversion"];

/** Tells what a notebook can be downloaded as; looking for the programs takes a while. Throws RequestError. */
export async function readConversions(
  project: string,
  path: string,
  signal: AbortSignal,
): Promise<Conversion[]> {
  const answer = await fetchRaw(inProject(project, "convert", path), { signal });
  const { items } = (await answer.json()) as Schemas["Conversions"]; // the server's tests hold it to the type
  return items;
}

/** A notebook as HTML or PDF, made by the project: it takes up to minutes. Throws RequestError. */
export async function convertNotebook(project: string, path: string, to: Conversion["to"]): Promise<Blob> {
  const url = inProject(project, "convert", path);
  url.searchParams.set("to", to);
  return (await fetchRaw(url)).blob();
}

/** The bytes of an output that was set aside. */
export function blobAddress(project: string, hash: string, type: string): URL {
  const url = inProject(project, "blobs", hash);
  url.searchParams.set("type", type);
  return url;
}
