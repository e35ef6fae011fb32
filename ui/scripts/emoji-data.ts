/** Build-time data of the emoji picker: emojibase, reduced to what the picker needs and the server accepts. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

const NAME = "virtual:emoji-data";
/** The newest emoji version that current systems support. */
const NEWEST_VERSION = 15;
const TONES = ["", "light", "medium-light", "medium", "medium-dark", "dark"];
/** The characters that the server accepts in a reaction: symbols, modifiers, joiners, tags and keycaps. */
const ACCEPTED = /^(?:[\p{So}\p{Sk}\p{Sm}\p{Cf}]|\ufe0f|\u20e3|[0-9#*](?=\ufe0f?\u20e3))+$/u;

/** The names between colons that people know from GitHub and Slack. */
const SHORT_NAMES = ["github", "iamcal"];

/** By hexadecimal code points. */
type ShortNames = Readonly<Record<string, string | readonly string[]>>;

interface Source {
  readonly emoji: string;
  readonly hexcode: string;
  readonly label: string;
  readonly group?: number;
  readonly version: number;
  readonly tags?: readonly string[];
  readonly skins?: readonly { readonly emoji: string; readonly tone: number | readonly number[] }[];
}

interface Group {
  readonly key: string;
  readonly message: string;
  readonly order: number;
}

export function emojiData(): Plugin {
  return {
    name: "emoji-data",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load: (id) =>
      id === `\0${NAME}`
        ? `export default JSON.parse(${JSON.stringify(JSON.stringify(pickerData()))});`
        : null,
  };
}

function pickerData() {
  const emojis = read<Source[]>("emojibase-data/en/data.json");
  const messages = read<{ groups: Group[]; skinTones: Group[] }>("emojibase-data/en/messages.json");
  const shortNames = SHORT_NAMES.map((set) => read<ShortNames>(`emojibase-data/en/shortcodes/${set}.json`));
  const groups = messages.groups.filter((group) => group.key !== "component");
  return {
    emojis: emojis
      .filter(
        (emoji) => emoji.group !== undefined && emoji.version <= NEWEST_VERSION && ACCEPTED.test(emoji.emoji),
      )
      .map(({ emoji, hexcode, label, group, tags, skins }) => ({
        emoji,
        category: group,
        label: capitalize(label),
        names: [...new Set(shortNames.flatMap((names) => names[hexcode] ?? []))].filter(
          (name) => name.replaceAll("_", " ") !== label,
        ),
        tags: tags ?? [],
        ...(skins && { skins: skinsByTone(skins) }),
      })),
    categories: groups.map((group) => ({ index: group.order, label: capitalize(group.message) })),
    skinTones: Object.fromEntries(messages.skinTones.map((tone) => [tone.key, capitalize(tone.message)])),
  };
}

function skinsByTone(skins: NonNullable<Source["skins"]>): Record<string, string> {
  return Object.fromEntries(
    skins.flatMap(({ tone, emoji }) => (typeof tone === "number" ? [[TONES[tone] ?? "", emoji]] : [])),
  );
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(createRequire(import.meta.url).resolve(path), "utf8")) as T;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
