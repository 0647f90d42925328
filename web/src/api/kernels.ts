// The kernels of a running project: what can be started, what runs, and what it uses.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Kernel = Schemas["Kernel"];
export type KernelSpec = Schemas["KernelSpec"];
export type Kernels = Schemas["Kernels"];

/** What a kernel is doing. */
export type KernelState = Kernel["state"];

/** Throws RequestError, as all of these. */
export async function readKernels(project: string, signal?: AbortSignal): Promise<Kernels> {
  const answer = await fetchRaw(inProject(project, "kernels"), {
    cache: "no-store",
    ...(signal && { signal }),
  });
  return (await answer.json()) as Kernels; // the server's tests hold it to the type
}

export async function actOnKernel(
  project: string,
  id: string,
  action: "interrupt" | "restart",
): Promise<void> {
  await fetchRaw(inProject(project, "kernels", id), {
    method: "PATCH",
    body: JSON.stringify({ action }),
    headers: { "Content-Type": "application/json" },
  });
}

export async function endKernel(project: string, id: string): Promise<void> {
  await fetchRaw(inProject(project, "kernels", id), { method: "DELETE" });
}
