import { expect, test } from "vitest";
import { messageOf, problemOf, RequestError, sentence } from "./problem";

test.each([
  ["the name is taken", "The name is taken."],
  ["Already a sentence.", "Already a sentence."],
  ["", ""],
  ["  wait…", "Wait…"],
])("sentence(%j)", (given, want) => {
  expect(sentence(given)).toBe(want);
});

test("a problem keeps its kind, its inputs and the request", () => {
  const e = problemOf(
    422,
    {
      status: 422,
      title: "Unprocessable Entity",
      code: "invalid",
      detail: "this is not a mail address",
      request: "c0ffee",
      errors: [
        { location: "body.email", message: "this is not a mail address" },
        { location: "body.source.url", message: "give an address" },
      ],
    },
    null,
  );
  expect(e).toMatchObject({
    kind: "invalid",
    status: 422,
    message: "This is not a mail address.",
    request: "c0ffee",
    fields: { email: "This is not a mail address.", "source.url": "Give an address." },
  });
});

test("an answer that is no problem still says something", () => {
  expect(problemOf(502, undefined, "7")).toMatchObject({ kind: "unavailable", status: 502, retryAfter: 7 });
  expect(problemOf(502, "<html>", null).message).toContain("502");
});

test("messageOf never throws", () => {
  expect(messageOf(new RequestError("offline", "Gone."))).toBe("Gone.");
  expect(messageOf(new TypeError("x is undefined"))).toBe("X is undefined.");
  expect(messageOf(null)).toContain("Load it again");
});
