import { defineConfig } from "vitest/config";

// Journeys in Chromium against the built binary (LYCEUM_BIN): one file after the
// other, each with a server of its own.
export default defineConfig({
  test: {
    include: ["e2e/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 180_000,
    // As long as a person waits: the machine may be busy with other things.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
