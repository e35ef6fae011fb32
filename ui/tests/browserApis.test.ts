/** Browser APIs that may be missing, or throw when they are accessed, are used by one module each, which handles it. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SOURCE = new URL("../src/", import.meta.url);

const users: Readonly<Record<string, { readonly use: RegExp; readonly modules: readonly string[] }>> = {
  "local and session storage": { use: /\b(?:localStorage|sessionStorage)\b/, modules: ["core/storage.ts"] },
  "channels between tabs": { use: /new BroadcastChannel\b/, modules: ["core/tabChannel.ts"] },
  "locks between tabs": { use: /\bnavigator\?*\.locks\b/, modules: ["core/tabLock.ts"] },
  "random UUIDs": { use: /\bcrypto\.randomUUID\b/, modules: ["core/randomId.ts"] },
  "the clipboard": { use: /\bnavigator\.clipboard\b/, modules: ["kit/copyText.ts"] },
  notifications: { use: /\bnew Notification\b/, modules: ["core/notifications.ts"] },
  "chunks, which may not load": { use: /\blazy\(/, modules: ["kit/chunk.tsx"] },
};

const sources = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({ name: name.replaceAll("\\", "/"), text: readFileSync(new URL(name, SOURCE), "utf8") }));

test.each(Object.entries(users))("%s", (_what, { use, modules }) => {
  const found = sources.filter(({ text }) => use.test(text)).map(({ name }) => name);
  expect(found).toEqual(modules);
});
