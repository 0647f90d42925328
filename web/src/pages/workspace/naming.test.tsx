import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, expect, test } from "vitest";
import { type Room, RoomContext } from "./context";
import type { Editing } from "./entrydialogs";
import { NameInput } from "./entryname";
import { useNaming } from "./naming";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

/** A server that answers when it is told to, and what the page does with the answers. */
function surroundings() {
  const answers: (() => void)[] = [];
  const selected: string[] = [];
  const opened: string[] = [];
  const slow = () => new Promise<void>((done) => answers.push(done));
  const workspace = {
    files: {
      work: { rename: slow, make: slow },
      selection: { set: (s: { focus: string }) => selected.push(s.focus) },
    },
    tree: { level: () => ({ items: [], total: 0 }), reveal: () => Promise.resolve(true) },
    openFile: (path: string) => opened.push(path),
  };
  // As much of a room as names need.
  const room = { workspace } as unknown as Room;
  return { room, answers, selected, opened };
}

let edit: (e: Editing | undefined) => void = () => undefined;
let now: Editing | undefined;

function Names() {
  const editing = now;
  const naming = useNaming({
    editing,
    current: () => now,
    onEdit: (next) => edit(typeof next === "function" ? next(now) : next),
    focusTree: () => document.querySelector<HTMLElement>("#tree")?.focus(),
  });
  return (
    <div id="tree" role="tree" tabIndex={0}>
      {editing ? (
        <NameInput key={JSON.stringify(editing)} editing={editing} onName={naming.name} onEnd={naming.end} />
      ) : null}
    </div>
  );
}

const field = () => document.querySelector<HTMLInputElement>("[data-naming] input");

async function type(text: string, key: string) {
  const el = field();
  if (!el) throw new Error("there is no field");
  await act(async () => {
    // React looks away when its own property is set.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(el, text);
    el.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  await act(async () => {
    el.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  });
}

async function show() {
  const given = surroundings();
  document.body.innerHTML = "<div id=root></div>";
  const place = document.getElementById("root");
  if (!place) throw new Error("there is no place");
  const root = createRoot(place);
  const draw = () =>
    root.render(
      <RoomContext value={given.room}>
        <Names />
      </RoomContext>,
    );
  edit = (e) => {
    now = e;
    draw();
  };
  end = () => act(() => root.unmount());
  return given;
}
let end: () => void = () => undefined;
afterEach(() => {
  end();
  now = undefined;
});

test("a name whose answer is late ends its own editing, and not the one that was begun meanwhile", async () => {
  const { answers, selected, opened } = await show();
  await act(async () => edit({ kind: "file", parent: "" }));
  await type("first.txt", "Enter");
  expect(answers).toHaveLength(1);
  const second: Editing = { kind: "rename", path: "b.txt" };
  await act(async () => edit(second));
  expect(document.activeElement).toBe(field());
  await act(async () => answers[0]?.());
  expect(now).toBe(second);
  expect(field()?.value).toBe("b.txt");
  expect(document.activeElement).toBe(field());
  expect({ selected, opened }).toEqual({ selected: [], opened: [] });

  // And its own answer ends it.
  await type("c.txt", "Enter");
  await act(async () => answers[1]?.());
  expect(now).toBeUndefined();
  expect(document.activeElement?.id).toBe("tree");
  expect(selected).toEqual(["c.txt"]);
});

test("the new file is opened when nothing else was begun", async () => {
  const { answers, selected, opened } = await show();
  await act(async () => edit({ kind: "file", parent: "data" }));
  await type("a.txt", "Enter");
  await act(async () => answers[0]?.());
  expect({ now, selected, opened }).toEqual({
    now: undefined,
    selected: ["data/a.txt"],
    opened: ["data/a.txt"],
  });
});
