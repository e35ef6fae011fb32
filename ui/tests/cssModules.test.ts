import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { NARROW } from "../src/kit/narrow";

const SOURCES = join(import.meta.dirname, "../src");
const LAYERS = /^@layer (kit|features|app) \{\n.*\n\}\n$/s;

const files = readdirSync(SOURCES, { recursive: true, encoding: "utf-8" });
const modules = files.filter((file) => file.endsWith(".module.css"));
const defined = modules.flatMap((file) => classes(read(file)).map((name) => `${file}: ${name}`));
const used = files
  .filter((file) => file.endsWith(".tsx"))
  .flatMap((file) => {
    const source = read(file);
    const imports = [...source.matchAll(/import (\w+) from "([^"]+\.module\.css)"/g)];
    return imports.flatMap(([, styles, path = ""]) => {
      const names = [...source.matchAll(new RegExp(`(?<![\\w/])${styles}\\.(\\w+)`, "g"))];
      return names.map(([, name]) => `${normalize(join(dirname(file), path))}: ${name}`);
    });
  });

test("all class names in components exist in their modules, and all names in modules are used", () => {
  expect([...new Set(used)].sort()).toEqual([...new Set(defined)].sort());
});

test("names of modules are unique, as names in the page consist of the module and the class", () => {
  expect(new Set(modules.map((file) => basename(file))).size).toBe(modules.length);
});

test("all rules of a module are in the layer of its folder", () => {
  for (const file of modules) expect(read(file).match(LAYERS)?.[1], file).toBe(file.split("/")[0]);
});

test("a page is narrow at the same width in the code and in the style sheets of the drawer and the side panel", () => {
  for (const file of ["app/ChatShell.module.css", "kit/SidePanel.module.css"])
    expect(read(file), file).toContain(`@media ${NARROW} {`);
});

function read(file: string): string {
  return readFileSync(join(SOURCES, file), "utf-8");
}

/** The class names in the selectors of a style sheet, without those in `:global(…)`. */
function classes(css: string): string[] {
  const selectors = [...css.matchAll(/[^{};]+(?=\{)/g)].map(([text]) =>
    text.replace(/:global\([^)]*\)/g, ""),
  );
  return selectors.flatMap((text) => [...text.matchAll(/\.([a-zA-Z]\w*)/g)].map(([, name = ""]) => name));
}
