/**
 * Replaces the code of one symbol of the client while Vitest runs, to prove that a test fails with the change. Active
 * only when PARLEY_UI_MUTANT names a mutant of `mutants.json`; `make mutants` runs all of them.
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type ESTree, type Plugin, parseSync } from "vite";

export interface Mutant {
  readonly promise: number;
  readonly what: string;
  /** Below ui/. */
  readonly file: string;
  /** `merge`, `ROTATE_AFTER_MS`, `History.watchGap` or `Chat.#resume`. */
  readonly symbol: string;
  /** The new body of a function or method, or the new value of a const or property. */
  readonly code: string;
  /** The test that must fail: its file, the titles of its describe blocks and its own title, joined by " > ". */
  readonly test: string;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Set by the changed module, to detect runs that never load it. */
export const LOADED = "__parleyMutantLoaded";

export const mutants = JSON.parse(
  readFileSync(join(import.meta.dirname, "mutants.json"), "utf8"),
) as readonly Mutant[];

/** The mutant named by the environment, if any. Throws if there is no such mutant. */
export function chosenMutant(name = process.env.PARLEY_UI_MUTANT): Mutant | undefined {
  if (!name) return undefined;
  const mutant = mutants.find(({ what }) => what === name);
  if (!mutant) throw new Error(`PARLEY_UI_MUTANT: there is no mutant "${name}" in tests/mutants.json.`);
  return mutant;
}

/** The Vite plugin; false outside Vitest or if no mutant is named. */
export function mutation(): Plugin | false {
  const mutant = process.env.VITEST ? chosenMutant() : undefined;
  if (!mutant) return false;
  let root = "";
  return {
    name: "mutation",
    enforce: "pre",
    configResolved(config) {
      root = config.root;
    },
    transform(source, id) {
      const file = relative(root, id.replace(/\?.*$/, "")).replaceAll("\\", "/");
      if (file !== mutant.file) return null;
      return `${mutated(source, mutant)}\nglobalThis.${LOADED} = true;\n`;
    },
  };
}

/** The source with the symbol's code replaced. Throws if the symbol is missing, ambiguous, or has no code. */
export function mutated(
  source: string,
  { file, symbol, code }: Omit<Mutant, "promise" | "what" | "test">,
): string {
  const lang = file.endsWith("x") ? "tsx" : "ts";
  const { program, errors } = parseSync(file, source, { lang });
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const found = codeOf(program, symbol);
  const [only] = found;
  if (!only || found.length > 1)
    throw new Error(`${file}: there are ${found.length} definitions of ${symbol}.`);
  const isBlock = source[only.start] === "{" && only.isBody;
  const changed = source.slice(0, only.start) + (isBlock ? `{\n${code}\n}` : code) + source.slice(only.end);
  const broken = parseSync(file, changed, { lang }).errors[0];
  if (broken) throw new Error(`${file}: the code of the mutant for ${symbol} is wrong: ${broken.message}`);
  if (changed.replace(/\s+/g, "") === source.replace(/\s+/g, "")) {
    throw new Error(`${file}: the mutant of ${symbol} changes nothing.`);
  }
  return changed;
}

interface Code extends Range {
  readonly isBody: boolean;
}

function codeOf(program: ESTree.Program, symbol: string): Code[] {
  const [owner, member] = symbol.split(".");
  const declarations = program.body
    .map((statement) =>
      statement.type === "ExportNamedDeclaration" || statement.type === "ExportDefaultDeclaration"
        ? statement.declaration
        : statement,
    )
    .filter((declaration) => declaration !== null);
  return declarations.flatMap((declaration): Code[] => {
    if (declaration.type === "ClassDeclaration" && member !== undefined) {
      return declaration.id?.name === owner
        ? declaration.body.body.flatMap((part) => partOf(part, member))
        : [];
    }
    if (member !== undefined) return [];
    if (declaration.type === "FunctionDeclaration") {
      return declaration.id?.name === owner && declaration.body ? [body(declaration.body)] : [];
    }
    if (declaration.type !== "VariableDeclaration") return [];
    return declaration.declarations.flatMap(({ id, init }) =>
      id.type === "Identifier" && id.name === owner && init ? [value(init)] : [],
    );
  });
}

function partOf(part: ESTree.ClassElement, name: string): Code[] {
  if (part.type !== "MethodDefinition" && part.type !== "PropertyDefinition") return [];
  const key =
    part.key.type === "PrivateIdentifier" ? `#${part.key.name}` : "name" in part.key ? part.key.name : "";
  if (key !== name || !part.value) return [];
  if (part.type === "PropertyDefinition") return [value(part.value)];
  return part.value.type === "FunctionExpression" && part.value.body ? [body(part.value.body)] : [];
}

const body = ({ start, end }: Range): Code => ({ start, end, isBody: true });
const value = ({ start, end }: Range): Code => ({ start, end, isBody: false });
