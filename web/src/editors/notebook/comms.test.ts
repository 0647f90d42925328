import { expect, test } from "vitest";
import type { CommMessage } from "../../api/notebooks";
import { Comms } from "./comms";

const open = (id: string, state: Record<string, unknown>): CommMessage => ({
  header: { msg_type: "comm_open" },
  content: { comm_id: id, target_name: "jupyter.widget", data: { state, buffer_paths: [] } },
});
const update = (id: string, state: Record<string, unknown>): CommMessage => ({
  header: { msg_type: "comm_msg" },
  content: { comm_id: id, data: { method: "update", state } },
});

test("a frame that begins later gets the state of now", () => {
  const comms = new Comms(() => true);
  comms.take(open("a", { value: 1, min: 0 }));
  comms.take(update("a", { value: 5 }));
  expect(comms.openings()[0]?.content.data).toEqual({ state: { value: 5, min: 0 }, buffer_paths: [] });
});

test("what a frame changes goes to the kernel and to the other frames", () => {
  const sent: CommMessage[] = [];
  const comms = new Comms((m) => sent.push(m) > 0);
  comms.take(open("a", { value: 1 }));
  const heard: string[] = [];
  const one = comms.join(() => heard.push("one"));
  comms.join(() => heard.push("two"));
  one.send(update("a", { value: 2 }));
  expect([sent.length, heard]).toEqual([1, ["two"]]);
  one.leave();
  comms.take(update("a", { value: 3 }));
  expect(heard).toEqual(["two", "two"]);
});

test("widgets of the file are there without a kernel, and give way to its own", () => {
  const comms = new Comms(() => false);
  const saved = (value: number) => ({
    "application/vnd.jupyter.widget-state+json": {
      state: { a: { model_name: "IntSliderModel", model_module: "m", state: { value }, buffers: [] } },
    },
  });
  comms.restore(saved(7));
  expect(comms.openings()[0]?.content.data).toMatchObject({
    state: { value: 7, _model_name: "IntSliderModel" },
  });
  comms.take(open("a", { value: 8 }));
  comms.restore(saved(7));
  expect(comms.openings()[0]?.content.data).toMatchObject({ state: { value: 8 } });
});

test("buffers stay with what they belong to", () => {
  const comms = new Comms(() => true);
  const m = open("a", { value: null });
  m.content.data = { state: { value: null }, buffer_paths: [["value"]] };
  m.buffers = ["AAAA"];
  comms.take(m);
  expect(comms.openings()[0]?.buffers).toEqual(["AAAA"]);
  comms.take(update("a", { value: "none" }));
  expect(comms.openings()[0]?.buffers).toEqual([]);
});
