import { expect, test } from "vitest";
import type { ProjectState } from "../api/types";
import { told } from "./phase";

const since = "2026-01-02T03:04:05Z";
const state = (s: Omit<ProjectState, "since">): ProjectState => ({ since, ...s });

test.each([
  [state({ phase: "running", wanted: "running" }), "green", "Running", ""],
  [state({ phase: "running", wanted: "stopped" }), "amber", "Stopping", ""],
  [state({ phase: "starting", wanted: "running", step: "cloning" }), "amber", "Starting", "cloning"],
  [state({ phase: "stopped", wanted: "running" }), "amber", "Waiting to start", ""],
  [state({ phase: "stopped", wanted: "stopped", reason: "idle" }), "none", "Stopped", "idle"],
  [state({ phase: "failed", wanted: "running", reason: "no memory" }), "red", "Failed", "no memory"],
])("%j is %s", (given, tone, word, detail) => {
  expect(told(given)).toEqual({ tone, word, detail });
});
