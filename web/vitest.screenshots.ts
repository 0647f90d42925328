import { defineConfig } from "vitest/config";

// Pictures of each screen, in both themes and three widths, into ../screenshots.
export default defineConfig({
  test: {
    include: ["e2e/screenshots.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
