import { defineConfig } from "vitest/config";

// Journeys in Chromium against the built binary (LYCEUM_BIN): one file after the
// other, each with a server of its own.
export default defineConfig({
  test: {
    include: ["e2e/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    retry: 1, // a machine that is busy with other things; what was tried again is printed
    testTimeout: 180_000,
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
