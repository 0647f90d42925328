// Git in a project: how its repositories are, and what is done to them.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import { RequestError } from "./problem";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type GitOverview = Schemas["GitOverview"];
export type GitRepository = Schemas["GitRepository"];
export type GitStatus = Schemas["GitStatus"];
export type GitChange = Schemas["GitChange"];
export type GitDiff = Schemas["GitDiff"];
export type GitText = Schemas["GitText"];
export type GitLog = Schemas["GitLog"];
export type GitCommit = Schemas["GitCommit"];
export type GitRefs = Schemas["GitRefs"];
export type GitBranch = Schemas["GitBranch"];
export type GitConflict = Schemas["GitConflict"];
export type GitLines = Schemas["GitLines"];
export type GitDone = Schemas["GitDone"];
export type GitPerson = Schemas["GitPerson"];
export type GitKey = Schemas["GitKey"];
export type GitTransfer = Schemas["GitTransfer"];
export type GitCredential = Schemas["GitCredential"];
export type GitEvent = Schemas["GitEvent"];
export type GitProgress = Schemas["GitProgress"];
export type GitAsk = Schemas["GitAsk"];

/** What is read, by the address that answers. */
type Reads = {
  repositories: GitOverview;
  status: GitStatus;
  diff: GitDiff;
  log: GitLog;
  commit: GitCommit;
  refs: GitRefs;
  conflict: GitConflict;
  key: GitKey;
};

/** What changes a repository, by its address. */
type Changes = {
  stage: Schemas["GitStage"];
  commit: Schemas["GitNewCommit"];
  branch: Schemas["GitBranchChange"];
  stash: Schemas["GitStashChange"];
  resolve: Schemas["GitResolve"];
  remote: Schemas["GitRemoteChange"];
  folder: Schemas["GitFolder"];
};

/** Reads. Throws RequestError. */
export async function readGit<K extends keyof Reads>(
  project: string,
  what: K,
  query: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Reads[K]> {
  const url = inProject(project, "git", what);
  for (const [k, v] of Object.entries(query)) url.searchParams.set(k, v);
  const answer = await fetchRaw(url, { cache: "no-store", ...(signal && { signal }) });
  // The server's answers are of the generated types: its tests hold them to it.
  return (await answer.json()) as Reads[K];
}

/** Changes a repository. Throws RequestError. */
export async function changeGit<K extends keyof Changes>(
  project: string,
  what: K,
  body: Changes[K],
): Promise<GitDone> {
  const answer = await fetchRaw(inProject(project, "git", what), post(body));
  return (await answer.json()) as GitDone; // as above
}

/** Makes the project's SSH key, or answers the one there is. */
export async function makeGitKey(project: string): Promise<GitKey> {
  const answer = await fetchRaw(inProject(project, "git", "key"), { method: "POST" });
  return (await answer.json()) as GitKey; // as above
}

function post(body: unknown): RequestInit {
  return { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

/**
 * Talks to a remote and answers how that ended. The signal ends it, and git with it.
 * Throws RequestError when the stream breaks off.
 */
export async function transferGit(
  project: string,
  transfer: GitTransfer,
  onProgress: (p: GitProgress) => void,
  signal: AbortSignal,
): Promise<GitEvent> {
  const answer = await fetchRaw(inProject(project, "git", "transfer"), { ...post(transfer), signal });
  let last: GitEvent | undefined;
  for await (const line of linesOf(answer)) {
    const event = JSON.parse(line) as GitEvent; // as above
    if (event.progress) onProgress(event.progress);
    else last = event;
  }
  if (last === undefined) throw new RequestError("offline", "the stream broke off");
  return last;
}

/** The lines of an answer as they come. */
async function* linesOf(answer: Response): AsyncGenerator<string> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
    if (done) break;
  }
  if (rest !== "") yield rest;
}
