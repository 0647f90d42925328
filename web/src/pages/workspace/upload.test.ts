import { describe, expect, test } from "vitest";
import { type Send, SendError, Uploads } from "./upload";

/** Files on their way, that the test lets arrive. */
function sender() {
  const sent: {
    path: string;
    replace: boolean;
    done: () => void;
    fail: (e: Error) => void;
    progress: (n: number) => void;
  }[] = [];
  const send: Send = (path, _, o) =>
    new Promise((resolve, reject) => {
      o.signal.addEventListener("abort", () => reject(new SendError("cancelled")));
      sent.push({ path, replace: o.replace, done: resolve, fail: reject, progress: o.progress });
    });
  return { sent, send };
}

const file = (name: string) => ({ path: name, file: new File(["text"], name) });
const rest = () => new Promise((r) => setTimeout(r, 0));
const states = (u: Uploads) => u.list.get().map((s) => `${s.path} ${s.state}`);

describe("uploads", () => {
  test("go three at a time, with their progress", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("dir", ["a", "b/c", "d", "e"].map(file));
    expect(states(u)).toEqual(["dir/a sending", "dir/b/c sending", "dir/d sending", "dir/e waiting"]);
    sent[0]?.progress(2);
    expect(u.list.get()[0]).toMatchObject({ sent: 2, size: 4 });
    sent[0]?.done();
    await rest();
    expect(states(u)).toEqual(["dir/a done", "dir/b/c sending", "dir/d sending", "dir/e sending"]);
  });

  test("do not replace what exists until they are told to", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("", [file("a"), file("b")]);
    sent[0]?.fail(new SendError("there is one", true));
    sent[1]?.fail(new SendError("there is one", true));
    await rest();
    expect(states(u)).toEqual(["a exists", "b exists"]);
    expect(sent.map((s) => s.replace)).toEqual([false, false]);
    u.replaceAll();
    expect(sent.slice(2).map((s) => [s.path, s.replace])).toEqual([
      ["a", true],
      ["b", true],
    ]);
  });

  test("say why they failed and can be tried again", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("", [file("a")]);
    sent[0]?.fail(new SendError("the disk is full"));
    await rest();
    expect(u.list.get()[0]).toMatchObject({ state: "failed", problem: "the disk is full" });
    u.again(1);
    expect(sent[1]?.replace).toBe(false);
    sent[1]?.done();
    await rest();
    expect(states(u)).toEqual(["a done"]);
  });

  test("can be cancelled, while they wait and on their way", async () => {
    const { sent, send } = sender();
    const u = new Uploads(send);
    u.add("", ["a", "b", "c", "d", "e"].map(file));
    u.cancel(4);
    u.cancel(1);
    await rest();
    expect(states(u)).toEqual(["a cancelled", "b sending", "c sending", "d cancelled", "e sending"]);
    u.cancelAll();
    await rest();
    expect(states(u).filter((s) => s.endsWith("cancelled"))).toHaveLength(5);
    expect(sent).toHaveLength(4);
    u.clear();
    expect(u.list.get()).toEqual([]);
  });
});
