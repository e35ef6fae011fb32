import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { inlineClassNames, scopedName } from "./scripts/class-names.ts";
import { emojiData } from "./scripts/emoji-data.ts";
import { firstLoad } from "./scripts/first-load.ts";
import { mutation } from "./tests/mutants.ts";

/** `npm run dev` serves the sources and proxies the requests below to a running local stage, PARLEY_STAGE_URL. */
const stage = process.env.PARLEY_STAGE_URL ?? "http://localhost:4280";
const fromStage = { target: stage, changeOrigin: true };

const mutant = mutation();

export default defineConfig({
  plugins: [mutant, react(), inlineClassNames(), emojiData(), firstLoad()],
  css: { modules: { generateScopedName: scopedName } },
  build: {
    target: "es2024",
    // The first versions with light-dark(), so that the palette stays as it is written.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // data: URLs are not allowed by the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    // Users may sign in from this port only: it is one of `siteOrigins` in cdk.json.
    port: 5173,
    strictPort: true,
    proxy: {
      "/api": fromStage,
      "/inspector-api": fromStage,
      "/config.json": fromStage,
    },
  },
  test: {
    environment: "node",
    // Names of classes are the same in tests.
    css: { include: /\.module\.css$/, modules: { classNameStrategy: "scoped" } },
    setupFiles: [
      "tests/support/ownerStacks.ts",
      "tests/support/browser.ts",
      ...(mutant ? ["tests/mutantLoaded.ts"] : []),
    ],
    include: ["tests/**/*.test.{ts,tsx}"],
    // Test files share a worker and its modules, which halves the time. With a mutant they are isolated, so that a
    // file that never loads the changed module is detected.
    isolate: mutant !== false,
    // Room for new objects, so that collecting them takes half as long.
    execArgv: ["--max-semi-space-size=64"],
    // Generous, for busy machines: no test waits for real time.
    testTimeout: 60_000,
  },
});
