// The one file that talks fetch. Operations are typed by the generated schema:
//
//	await request("GET", "/projects/{id}", { path: { id } })   // Project
//	await request("POST", "/projects", { body: { name } })     // Project
import { t } from "../words";
import { api } from "./address";
import { problemOf, RequestError } from "./problem";
import type { paths } from "./schema";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Operation<P extends keyof paths, M extends Method> = paths[P][Lowercase<M> & keyof paths[P]];

/** The paths that have an operation of this method. */
export type PathsOf<M extends Method> = {
  [P in keyof paths]: Operation<P, M> extends { responses: unknown } ? P : never;
}[keyof paths];

type Parameters<O> = O extends { parameters: infer X } ? X : never;
type Part<O, K extends string> = K extends keyof Parameters<O> ? Exclude<Parameters<O>[K], undefined> : never;
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : never;
type Needed<K extends string, T> = [T] extends [never] ? unknown : { [_ in K]: T };
type Optional<K extends string, T> = [T] extends [never] ? unknown : { [_ in K]?: T };

/** What an operation takes: its path's parts, its query, its body, each when it has them. */
export type Input<P extends keyof paths, M extends Method> = Needed<"path", Part<Operation<P, M>, "path">> &
  Optional<"query", Part<Operation<P, M>, "query">> &
  Needed<"body", BodyOf<Operation<P, M>>> & { signal?: AbortSignal };

/** What an operation answers with. */
export type Output<P extends keyof paths, M extends Method> =
  Operation<P, M> extends {
    responses: { 200: { content: { "application/json": infer R } } };
  }
    ? R
    : undefined;

/** How bytes are fetched; a test puts its own here. */
export type Fetcher = (url: URL, init: RequestInit) => Promise<Response>;

interface AnyInput {
  path?: Record<string, string>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

/** Fills a path's {parts} in and makes it an address below the site's. */
export function addressOf(path: string, input: AnyInput): URL {
  const segments = path
    .split("/")
    .filter((s) => s !== "")
    .map((s) => (s.startsWith("{") ? (input.path?.[s.slice(1, -1)] ?? "") : s));
  const url = api(...segments);
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url;
}

/** Makes the function that calls operations, over a fetcher. */
export function client(fetcher: Fetcher) {
  return async function request<M extends Method, P extends PathsOf<M>>(
    method: M,
    path: P,
    input: Input<P, M>,
  ): Promise<Output<P, M>> {
    // The typed input is one of AnyInput's shapes; TypeScript cannot see it through the conditional types.
    const given = input as AnyInput;
    const init: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
    if (given.signal !== undefined) init.signal = given.signal;
    if (given.body !== undefined) {
      init.body = JSON.stringify(given.body);
      init.headers = { "Content-Type": "application/json" };
    }
    const answer = await send(fetcher, addressOf(path, given), init);
    // The server's answers are of the schema's types: its tests hold them to it.
    return (answer.status === 204 ? undefined : await bodyOf(answer)) as Output<P, M>;
  };
}

async function send(fetcher: Fetcher, url: URL, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetcher(url, init);
  } catch (e) {
    if (init.signal?.aborted) throw e;
    throw new RequestError("offline", t("The server cannot be reached. Check the connection and try again."));
  }
  if (answer.ok) return answer;
  throw problemOf(answer.status, await bodyOf(answer), answer.headers.get("Retry-After"));
}

/** The JSON of an answer; undefined when it is none, or breaks off. */
async function bodyOf(answer: Response): Promise<unknown> {
  if (!(answer.headers.get("Content-Type") ?? "").includes("json")) return undefined;
  try {
    return await answer.json();
  } catch {
    throw new RequestError("offline", t("The answer broke off. Check the connection and try again."));
  }
}

/** Calls an operation of the API. Throws RequestError. */
export const request = client((url, init) => fetch(url, init));

/** Fetches anything else of the site's own origin (project traffic). Throws RequestError. */
export function fetchRaw(url: URL, init: RequestInit = {}): Promise<Response> {
  return send((u, i) => fetch(u, i), url, { credentials: "same-origin", ...init });
}
