/** The emoji that the user has picked last in this browser. Signing out deletes them, as all that is kept of the user. */
import { store } from "../../core/state/store";
import { readItem, writeItem } from "../../core/storage";

/** Two rows of the picker. */
const MAX_RECENT = 16;

/** The last one first. */
export function recentEmojis(): readonly string[] {
  return (readItem(key()) ?? "").split(" ").filter((symbol) => symbol !== "");
}

const COMMON = ["👍", "❤️", "😂"];

/** Emoji to react with at once: the last ones, and before the user has picked any, common ones. */
export function quickReactions(): readonly string[] {
  return [...new Set([...recentEmojis(), ...COMMON])].slice(0, COMMON.length);
}

export function rememberEmoji(symbol: string): void {
  const others = recentEmojis().filter((other) => other !== symbol);
  writeItem(key(), [symbol, ...others].slice(0, MAX_RECENT).join(" "));
}

function key(): string {
  return `parley.emoji.${store.getState().me?.userId ?? ""}`;
}
