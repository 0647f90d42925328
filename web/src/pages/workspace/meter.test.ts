import { expect, test } from "vitest";
import type { ProjectStatus } from "../../api/project";
import { endedText, meters } from "./meter";

const base: ProjectStatus = {
  version: "1",
  started: "2026-01-01T00:00:00Z",
  people: [],
  documents: [],
  memoryBytes: 1.2e9,
  diskFreeBytes: 7e10,
  cpuLimit: 2000,
  cores: 8,
  memoryLimitBytes: 4e9,
  processes: 12,
  processLimit: 4096,
  diskLimitBytes: 10e9,
  diskBytes: 9.4e9,
  cpuPercent: 36.7,
};

test("what is used stands beside what may be used", () => {
  expect(meters(base).map((m) => [m.text, m.percent])).toEqual([
    ["CPU 37 % of 2", 37],
    ["1.2 GB of 4 GB", 30],
    ["9.4 GB of 10 GB", 94],
  ]);
});

test("without limits the machine's are told, and no share", () => {
  const { cpuPercent, diskBytes, ...rest } = base;
  const none = { ...rest, cpuLimit: 0, memoryLimitBytes: 0, diskLimitBytes: 0 };
  expect(meters(none).map((m) => [m.text, m.percent])).toEqual([
    ["1.2 GB", undefined],
    ["70 GB free", undefined],
  ]);
  expect(meters({ ...none, cpuPercent: 100 })[0]?.text).toBe("CPU 100 % of 8");
});

test("a program that was ended is named, with what it used", () => {
  expect(endedText({ command: "python3 train.py", memoryBytes: 2.1e9, limitBytes: 2e9 })).toBe(
    "Stopped: python3 train.py used 2.1 GB of 2 GB of memory. The rest of the project goes on. Ask for more memory, or let it use less.",
  );
  expect(endedText({ command: "", memoryBytes: 5e6 })).toContain("a program used 5 MB of memory");
});
