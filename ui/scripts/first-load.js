// Measures what the browser must fetch before the chat is usable, and fails over the budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 150;
const dist = new URL("../dist/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");

// The page names its entry script, its style sheet, and every chunk that the entry imports statically.
const files = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((match) => match[1]);
const kilobytes = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length / 1000;
const total = (kind) =>
  files.filter((file) => file.endsWith(kind)).reduce((sum, file) => sum + kilobytes(file), 0);

for (const file of files) process.stdout.write(`${kilobytes(file).toFixed(1).padStart(7)} kB  ${file}\n`);
const javascript = total(".js");
process.stdout.write(
  `First load: ${javascript.toFixed(1)} kB of JavaScript and ${total(".css").toFixed(1)} kB of CSS, gzipped\n`,
);
if (javascript > BUDGET_KB) {
  process.stderr.write(`The first load's JavaScript is over its budget of ${BUDGET_KB} kB.\n`);
  process.exit(1);
}
