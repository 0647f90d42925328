import { defineConfig } from "vitest/config";

// Journeys in Chromium against the built binary (LYCEUM_BIN): two files at a time,
// each with a server of its own, because a journey waits more than it computes.
export default defineConfig({
  test: {
    include: ["e2e/*.test.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 180_000,
    // As long as a person waits: the machine may be busy with other things.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
