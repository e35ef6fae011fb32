/** Finds emoji by name in the message field. The data is loaded when the first name is typed. */
import { useState } from "react";
import type { EmojiSuggestion } from "../features/composer/suggestions";

type FindEmojis = (name: string) => readonly EmojiSuggestion[];

const findNone: FindEmojis = () => [];
let loaded: FindEmojis = findNone;

export function useEmojiNames() {
  const [emojisNamed, setFind] = useState<FindEmojis>(() => loaded);
  const loadEmojiNames = () => {
    if (emojisNamed !== findNone) return;
    import("../features/emoji/suggestEmojis").then(
      (module) => {
        loaded = module.default;
        setFind(() => loaded);
      },
      // The next letter tries again; without the data, the name stays as it was typed.
      () => undefined,
    );
  };
  return { emojisNamed, loadEmojiNames };
}
