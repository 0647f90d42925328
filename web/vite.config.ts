import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget } from "./tools/budget.ts";

// The hub that `npm run dev` talks to; tools/dev starts one.
const hub = process.env.LYCEUM_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  // Relative, because the same build is served under any base path.
  base: "./",
  plugins: [react(), budget()],
  build: { target: "es2023", assetsInlineLimit: 0, reportCompressedSize: false, chunkSizeWarningLimit: 1500 },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: hub, ws: true }, "/p/": { target: hub, ws: true } },
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}", "tools/*.test.ts"],
    environment: "happy-dom",
    pool: "threads",
  },
});
