/** The names of classes of CSS modules, `MessageRow_name`: stable, so that browser tests can use them as selectors. */
import { basename } from "node:path";
import type { Plugin } from "vite";

export function scopedName(name: string, file: string): string {
  return `${basename(file, ".module.css")}_${name}`;
}

/**
 * In a build, writes each name where it is used, `styles.name` as "MessageRow_name". Without this, each module would
 * also be an object of all its names, which makes the first load 1 % larger.
 */
export function inlineClassNames(): Plugin[] {
  return [
    {
      name: "inline-class-names",
      apply: "build",
      enforce: "pre",
      transform: {
        filter: { id: /\.tsx$/ },
        handler(code) {
          const imports = [...code.matchAll(/import (\w+) from "([^"]+\.module\.css)"/g)];
          return imports.reduce(
            (result, [statement, styles, file = ""]) =>
              result
                .replace(statement, `import "${file}"`)
                .replace(
                  new RegExp(`(?<![\\w/])${styles}\\.(\\w+)`, "g"),
                  (_, name) => `"${scopedName(name, file)}"`,
                ),
            code,
          );
        },
      },
    },
    {
      name: "no-class-name-objects",
      apply: "build",
      enforce: "post",
      transform: {
        filter: { id: /\.module\.css$/ },
        // As for a style sheet that is not a module: no exports, and not removed.
        handler: () => ({ code: "", moduleSideEffects: "no-treeshake" as const }),
      },
    },
  ];
}
