/** The emoji for a name between colons. In a separate chunk, with the data of the picker. */
import data from "virtual:emoji-data";
import { findEmojis } from "./findEmojis";

const MAX_EMOJI_SUGGESTIONS = 6;

/** The best matches, each with the name that is the word or begins with it, or its first one. */
export default function suggestEmojis(word: string): { symbol: string; name: string }[] {
  const wanted = word.toLowerCase().replace(/:$/, "");
  return findEmojis(data.emojis, word)
    .slice(0, MAX_EMOJI_SUGGESTIONS)
    .map(({ emoji, names, label }) => {
      const all = [...names, written(label)];
      const name = all.find((each) => each === wanted) ?? all.find((each) => each.startsWith(wanted));
      return { symbol: emoji, name: name ?? names[0] ?? written(label) };
    });
}

/** The label as people write it between colons. */
function written(label: string): string {
  return label.toLowerCase().replaceAll(" ", "_");
}
