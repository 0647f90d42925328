import { defineConfig } from "vitest/config";

// Pictures of each screen, in both themes and three widths, into ../screenshots.
export default defineConfig({
  test: {
    include: ["e2e/screenshots*.ts"],
    environment: "node",
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
