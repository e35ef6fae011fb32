/** Measures what the browser must load before the chat is usable, at each build. Fails if it exceeds the budget. */
import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

const BUDGET_KB = 145;
/** Loaded together with the entry if the user is signed in. */
const NEEDED_AT_ONCE = "src/app/ChatScreen.tsx";

export function firstLoad(): Plugin {
  return {
    name: "first-load",
    apply: "build",
    writeBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
      const roots = chunks.filter(
        (chunk) => chunk.isEntry || chunk.facadeModuleId?.endsWith(NEEDED_AT_ONCE) === true,
      );
      const needed = new Set<string>();
      for (const root of roots) collect(root, bundle, needed);
      const styles = Object.values(bundle).filter(
        (output) => output.fileName.endsWith(".css") && /(index|ChatScreen)-/.test(output.fileName),
      );
      const javascript = [...needed].reduce((sum, name) => sum + kilobytes(bundle[name]), 0);
      const css = styles.reduce((sum, output) => sum + kilobytes(output), 0);
      this.info(`${javascript.toFixed(1)} kB of JavaScript and ${css.toFixed(1)} kB of CSS, gzipped`);
      if (javascript > BUDGET_KB) {
        this.error(`The first load's JavaScript is over its budget of ${BUDGET_KB} kB.`);
      }
    },
  };
}

type Bundle = Rolldown.OutputBundle;

function collect(chunk: Rolldown.OutputChunk, bundle: Bundle, into: Set<string>): void {
  if (into.has(chunk.fileName)) return;
  into.add(chunk.fileName);
  for (const name of chunk.imports) {
    const imported = bundle[name];
    if (imported?.type === "chunk") collect(imported, bundle, into);
  }
}

function kilobytes(output: Bundle[string] | undefined): number {
  if (!output) return 0;
  const content = output.type === "chunk" ? output.code : output.source;
  return gzipSync(content, { level: 9 }).length / 1000;
}
