import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { emojiData } from "./scripts/emoji-data.ts";
import { firstLoad } from "./scripts/first-load.ts";
import { mutation } from "./tests/mutants.ts";

/** `npm run dev` serves the sources and takes everything else from a stage that runs: PARLEY_STAGE_URL. */
const stage = process.env.PARLEY_STAGE_URL ?? "http://localhost:4280";
const fromStage = { target: stage, changeOrigin: true };

const mutant = mutation();

export default defineConfig({
  plugins: [mutant, react(), emojiData(), firstLoad()],
  build: {
    target: "es2024",
    // A data: URL would need its own word in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": fromStage, "/config.json": fromStage, "/oauth2": fromStage, "/login": fromStage },
  },
  test: {
    environment: "node",
    setupFiles: ["tests/support/browser.ts", ...(mutant ? ["tests/mutantLoaded.ts"] : [])],
    include: ["tests/**/*.test.{ts,tsx}"],
    // Files share a worker and its modules, which takes half the time: each test sets up what it needs. With a
    // mutant each file loads its own, so that one that never does is noticed.
    isolate: mutant !== false,
    // Generous, for a machine that does other things too: no test waits for real time.
    testTimeout: 60_000,
  },
});
