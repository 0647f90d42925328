// Every failure of a request, as one kind of error that a page can show.
import { t } from "../words";
import type { Problem } from "./types";

/** The kinds of lyceum.Kind, and "offline" when no answer came. */
export type Kind = Problem["code"] | "offline";

/** A request that did not do what it was asked to. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly kind: Kind;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** What is wrong with each input, by its name: { email: "This is not a mail address." } */
  readonly fields: Readonly<Record<string, string>>;
  /** The request's identifier, for an administrator; "" when there is none. */
  readonly request: string;
  /** Seconds after which to try again, when the server said so. */
  readonly retryAfter: number | undefined;

  constructor(
    kind: Kind,
    message: string,
    more: { status?: number; fields?: Record<string, string>; request?: string; retryAfter?: number } = {},
  ) {
    super(message);
    this.kind = kind;
    this.status = more.status ?? 0;
    this.fields = more.fields ?? {};
    this.request = more.request ?? "";
    this.retryAfter = more.retryAfter;
  }
}

/** A sentence as people write it: a capital first, a full stop last. */
export function sentence(text: string): string {
  const s = text.trim();
  if (s === "") return s;
  return (s[0] ?? "").toUpperCase() + s.slice(1) + (/[.!?…:]$/.test(s) ? "" : ".");
}

/** The input's name in a location such as "body.source.url" ("source.url"). */
function inputOf(location: string): string {
  return location.replace(/^(body|query|path|header)\./, "");
}

function isProblem(v: unknown): v is Problem {
  return typeof v === "object" && v !== null && "code" in v && "status" in v;
}

/** The error for an answer that is no success; body is its JSON, or undefined. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): RequestError {
  const seconds = retryAfter === null || !/^\d+$/.test(retryAfter) ? undefined : Number(retryAfter);
  if (!isProblem(body)) {
    const kind = status === 401 ? "unauthenticated" : status >= 500 ? "unavailable" : "internal";
    const text = t("The server answered {status} without saying why. Try again in a moment.", { status });
    return new RequestError(kind, text, seconds === undefined ? { status } : { status, retryAfter: seconds });
  }
  const fields: Record<string, string> = {};
  for (const e of body.errors ?? []) fields[inputOf(e.location)] ??= sentence(e.message);
  const detail = sentence(body.detail || body.title);
  return new RequestError(body.code, detail, {
    status,
    fields,
    request: body.request ?? "",
    ...(seconds === undefined ? {} : { retryAfter: seconds }),
  });
}

/** What to tell a person about anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof RequestError) return error.message;
  if (error instanceof Error && error.message !== "") return sentence(error.message);
  return t("Something went wrong in this page. Load it again.");
}

/** Whether the error is of the kind. */
export function isKind(error: unknown, kind: Kind): boolean {
  return error instanceof RequestError && error.kind === kind;
}
