import { describe, expect, test } from "vitest";
import { RequestError } from "../../api/problem";
import { type Sender, Uploads } from "./upload";
import { timeLeft } from "./uploads";

const large = 100_000;

/** Files on their way, that the test lets arrive. */
function sender() {
  const sent: {
    path: string;
    conflict: string;
    done: () => void;
    fail: (e: Error) => void;
    progress: (n: number) => void;
    trouble: (why: string) => void;
  }[] = [];
  const many: { paths: string[]; conflict: string; done: (states: string[]) => void }[] = [];
  const forgotten: string[] = [];
  const send: Sender = {
    one: (path, _, o) =>
      new Promise((resolve, reject) => {
        o.signal.addEventListener("abort", () => reject(new Error("cancelled")));
        sent.push({
          path,
          conflict: o.conflict,
          done: resolve,
          fail: reject,
          progress: o.progress,
          trouble: o.trouble,
        });
      }),
    many: (items, o) =>
      new Promise((resolve, reject) => {
        o.signal.addEventListener("abort", () => reject(new Error("cancelled")));
        many.push({
          paths: items.map((i) => i.path),
          conflict: o.conflict,
          done: (states) =>
            resolve(
              states.map((state, i) => ({
                name: items[i]?.path ?? "",
                state: state as "done",
                message: "no",
              })),
            ),
        });
      }),
    forget: async (path) => {
      forgotten.push(path);
    },
  };
  return { sent, many, forgotten, send };
}

const file = (name: string, size = large) => ({ path: name, file: new File(["x".repeat(size)], name) });
const rest = () => new Promise((r) => setTimeout(r, 0));
const states = (u: Uploads) => u.list.get().map((s) => `${s.path} ${s.state}`);
const taken = () => new RequestError("conflict", "there is one");

describe("uploads", () => {
  test("go three at a time, with their progress", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add(
      "dir",
      ["a", "b/c", "d", "e"].map((n) => file(n)),
    );
    expect(states(u)).toEqual(["dir/a sending", "dir/b/c sending", "dir/d sending", "dir/e waiting"]);
    sent[0]?.progress(2);
    expect(u.list.get()[0]).toMatchObject({ sent: 2, size: large });
    sent[0]?.trouble("away");
    expect(u.list.get()[0]).toMatchObject({ state: "sending", problem: "away" });
    sent[0]?.done();
    await rest();
    expect(states(u)).toEqual(["dir/a done", "dir/b/c sending", "dir/d sending", "dir/e sending"]);
  });

  test("of small files and empty folders go many in one request", async () => {
    const { sent, many, send } = sender();
    const u = new Uploads(send);
    u.add("d", [file("big"), file("a", 10), { path: "empty" }, file("b", 10), file("c", 10)]);
    expect(sent.map((s) => s.path)).toEqual(["d/big"]);
    expect(many.map((m) => m.paths)).toEqual([["d/a", "d/empty", "d/b", "d/c"]]);
    many[0]?.done(["done", "done", "exists", "failed"]);
    await rest();
    expect(states(u).slice(1)).toEqual(["d/a done", "d/empty done", "d/b exists", "d/c failed"]);
    u.answer("overwrite");
    expect(sent[1]).toMatchObject({ path: "d/b", conflict: "overwrite" });
  });

  test("ask once about all that is there", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("", [file("a"), file("b"), file("c"), file("d")]);
    sent[0]?.fail(taken());
    sent[1]?.fail(taken());
    await rest();
    expect(states(u)).toEqual(["a exists", "b exists", "c sending", "d sending"]);
    expect(sent.every((s) => s.conflict === "fail")).toBe(true);
    u.answer("keep-both");
    expect(sent.slice(4).map((s) => [s.path, s.conflict])).toEqual([["a", "keep-both"]]);
    u.cancelAll();
  });

  test("that are skipped are over", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("", [file("a")]);
    sent[0]?.fail(taken());
    await rest();
    u.answer("skip");
    expect(states(u)).toEqual(["a skipped"]);
  });

  test("say why they failed and can be tried again", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("", [file("a")]);
    sent[0]?.fail(new RequestError("exhausted", "The disk is full."));
    await rest();
    expect(u.list.get()[0]).toMatchObject({ state: "failed", problem: "The disk is full." });
    u.again(1);
    sent[1]?.done();
    await rest();
    expect(states(u)).toEqual(["a done"]);
  });

  test("pause and go on", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("", [file("a")]);
    u.pause();
    await rest();
    expect(states(u)).toEqual(["a waiting"]);
    u.resume();
    expect(sent).toHaveLength(2);
    u.cancelAll();
  });

  test("can be cancelled, while they wait and on their way", async () => {
    const { sent, forgotten, send } = sender();
    const u = new Uploads(send);
    u.add(
      "",
      ["a", "b", "c", "d", "e"].map((n) => file(n)),
    );
    u.cancel(4);
    u.cancel(1);
    await rest();
    expect(states(u)).toEqual(["a cancelled", "b sending", "c sending", "d cancelled", "e sending"]);
    expect(forgotten).toEqual(["d", "a"]);
    u.cancelAll();
    await rest();
    expect(states(u).filter((s) => s.endsWith("cancelled"))).toHaveLength(5);
    expect(sent).toHaveLength(4);
    u.clear();
    expect(u.list.get()).toEqual([]);
  });
});

test("the time that is left, in words", () => {
  expect(timeLeft(100, 0)).toBe("time left unknown");
  expect(timeLeft(100, 10)).toBe("10 s left");
  expect(timeLeft(6000, 10)).toBe("10 min left");
  expect(timeLeft(72000, 10)).toBe("2 h left");
});
