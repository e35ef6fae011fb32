/** Finds emoji by their names and tags. Pure. */
import type { Emoji } from "./pickerLines";

/** Often used emoji, the most used first, approximately as Unicode counted them in 2021. */
const COMMON = [
  ..."😂 ❤ 🤣 👍 😭 🙏 😘 🥰 😍 😊 🎉 😁 💕 🥺 😅 🔥 ☺ 🤦 ♥ 🤷 🙄 😆 🤗 😉 🎂 🤔 👏 🙂 😳 🥳 😎 👌 💜 😔 💪".split(
    " ",
  ),
  ..."✨ 💖 👀 😋 😏 😢 👉 💗 😩 💯 🌹 💞 🎈 💙 😃 😡 💐 😜 🙈 🤞 😄 🤤 🙌 🤪 😀 💋 💀 👇 💔 😌 💓 🤩 🙃 😬".split(
    " ",
  ),
  ..."😱 😴 🤭 😐 🌞 😒 😇 🌸 😈 🎶 ✌ 🎊 💚 ☀ 👑 🎁 🙋 ✅ 🚀 👋 👎 ✔ ❌ ⭐ ☕ 🍕 🐛 💡 ❓ ⚠".split(" "),
];
const VARIATION = /\ufe0f/g;
const commonness = new Map(COMMON.map((emoji, place) => [emoji, place]));

const NO_MATCH = 7;
/** A part of a word is searched from this length: shorter ones are in too many words, as "ok" in "broken". */
const MIN_PART_LENGTH = 3;

/**
 * The emoji that match a text, best first: those with exactly this name, then names that begin with it, then words of
 * names, tags, and parts of words; among equals the more common ones first.
 */
export function findEmojis(emojis: readonly Emoji[], text: string): readonly Emoji[] {
  const wanted = plain(text);
  return emojis
    .map((emoji) => ({ emoji, level: matchLevel(emoji, wanted) }))
    .filter(({ level }) => level < NO_MATCH)
    .sort((a, b) => a.level - b.level || placeOf(a.emoji) - placeOf(b.emoji))
    .map(({ emoji }) => emoji);
}

/** 0 is the best. */
function matchLevel({ label, names, tags }: Emoji, wanted: string): number {
  const all = [label, ...names].map(plain);
  const words = all.flatMap((name) => name.split(" "));
  if (all.includes(wanted)) return 0;
  if (all.some((name) => name.startsWith(wanted))) return 1;
  if (words.includes(wanted)) return 2;
  if (words.some((word) => word.startsWith(wanted))) return 3;
  if (tags.includes(wanted)) return 4;
  if (tags.some((tag) => tag.startsWith(wanted))) return 5;
  if (wanted.length >= MIN_PART_LENGTH && [...all, ...tags].some((name) => name.includes(wanted))) return 6;
  return NO_MATCH;
}

function placeOf({ emoji }: Emoji): number {
  return commonness.get(emoji.replace(VARIATION, "")) ?? COMMON.length;
}

/** "Thumbs up", "thumbs_up" and ":thumbs-up:" are one name. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^:|:$/g, "")
    .replaceAll(/[_\s]+|(?<=\w)-(?=\w)/g, " ")
    .trim();
}
