import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Connection, listen, parseEvent, type SiteEvent, type Source } from "./events";

class FakeSource implements Source {
  readyState = 0;
  onopen: ((e: Event) => void) | null = null;
  onerror: ((e: Event) => void) | null = null;
  readonly handlers = new Map<string, (e: MessageEvent<string>) => void>();
  closed = false;
  addEventListener(name: string, f: (e: MessageEvent<string>) => void) {
    this.handlers.set(name, f);
  }
  close() {
    this.closed = true;
  }
  open() {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }
  fail(readyState: number) {
    this.readyState = readyState;
    this.onerror?.(new Event("error"));
  }
  say(name: string, data: unknown) {
    this.handlers.get(name)?.(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

function start() {
  const sources: FakeSource[] = [];
  const events: SiteEvent[] = [];
  const opened: boolean[] = [];
  const states: Connection[] = [];
  const stop = listen(
    () => {
      const s = new FakeSource();
      sources.push(s);
      return s;
    },
    {
      event: (e) => events.push(e),
      opened: (again) => opened.push(again),
      connection: (c) => states.push(c),
    },
  );
  const last = () => {
    const s = sources.at(-1);
    if (s === undefined) throw new Error("no source was opened");
    return s;
  };
  return { sources, events, opened, states, stop, last };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ["project", '{"id":"p","state":{}}', { kind: "project", project: { id: "p", state: {} } }],
  ["project", '{"id":"p"}', undefined],
  ["project-gone", '{"id":"p"}', { kind: "project-gone", id: "p" }],
  ["members", '{"project":"p"}', { kind: "members", project: "p" }],
  ["account", "{}", { kind: "account" }],
  ["site", "null", undefined],
  ["account", "{", undefined],
  ["something-new", "{}", undefined],
])("parseEvent(%s, %s)", (name, data, want) => {
  expect(parseEvent(name, data)).toEqual(want);
});

test("events are told; the second opening says again", () => {
  const s = start();
  s.last().open();
  s.last().say("project-gone", { id: "p" });
  s.last().fail(0); // the browser connects again by itself
  s.last().open();
  expect(s.events).toEqual([{ kind: "project-gone", id: "p" }]);
  expect(s.opened).toEqual([false, true]);
  expect(s.sources).toHaveLength(1);
});

test("a stream that the browser gave up is opened anew, more and more slowly", () => {
  const s = start();
  s.last().fail(2);
  vi.advanceTimersByTime(700);
  expect(s.sources).toHaveLength(2);
  s.last().fail(2);
  vi.advanceTimersByTime(700);
  expect(s.sources).toHaveLength(2);
  vi.advanceTimersByTime(700);
  expect(s.sources).toHaveLength(3);
});

test("a short break is no news, a long one is", () => {
  const s = start();
  s.last().open();
  s.last().fail(0);
  vi.advanceTimersByTime(1000);
  s.last().open();
  vi.advanceTimersByTime(5000);
  expect(s.states).toEqual(["connecting", "open", "open"]);
  s.last().fail(0);
  vi.advanceTimersByTime(2000);
  expect(s.states.at(-1)).toBe("lost");
});

test("the browser's own news of the network is believed at once", () => {
  const s = start();
  s.last().open();
  window.dispatchEvent(new Event("offline"));
  expect(s.states.at(-1)).toBe("lost");
  window.dispatchEvent(new Event("online"));
  expect(s.sources).toHaveLength(2);
  expect(s.sources[0]?.closed).toBe(true);
  s.last().open();
  expect(s.states.at(-1)).toBe("open");
  expect(s.opened).toEqual([false, true]);
  s.stop();
  window.dispatchEvent(new Event("online"));
  expect(s.sources).toHaveLength(2);
});

test("signed out ends the stream for good", () => {
  const s = start();
  s.last().open();
  s.last().say("signed-out", {});
  s.last().fail(2);
  vi.advanceTimersByTime(60_000);
  expect(s.events).toEqual([{ kind: "signed-out" }]);
  expect(s.last().closed).toBe(true);
  expect(s.sources).toHaveLength(1);
});

test("stop closes and stays closed", () => {
  const s = start();
  s.last().fail(2);
  s.stop();
  vi.advanceTimersByTime(60_000);
  expect(s.sources).toHaveLength(1);
});
