/** The emoji picker. A chunk of its own, with its data. */

import data from "virtual:emoji-data";
import { type EmojiPickerListProps, EmojiPicker as Picker } from "frimousse";
import type { AriaAttributes } from "react";

/** The library counts rows and columns from 0, and ARIA from 1. */
function fromOne<T extends AriaAttributes>(props: T, name: "aria-rowindex" | "aria-colindex"): T {
  const index = props[name];
  return index === undefined ? props : { ...props, [name]: index + 1 };
}

const parts: NonNullable<EmojiPickerListProps["components"]> = {
  CategoryHeader: ({ category, ...rest }) => (
    <div className="emoji-category" {...rest}>
      {category.label}
    </div>
  ),
  Row: (props) => <div className="emoji-row" {...fromOne(props, "aria-rowindex")} />,
  Emoji: ({ emoji, ...rest }) => (
    <button type="button" className="emoji-one" {...fromOne(rest, "aria-colindex")}>
      {emoji.emoji}
    </button>
  ),
};

export default function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  return (
    <Picker.Root
      className="emoji-picker"
      columns={8}
      resolveEmojiData={() => data}
      onEmojiSelect={({ emoji }) => onPick(emoji)}
    >
      <div className="emoji-search">
        <Picker.Search className="input" aria-label="Search emoji" placeholder="Search emoji" autoFocus />
      </div>
      <Picker.Viewport className="emoji-viewport">
        <Picker.Loading className="emoji-note">Loading …</Picker.Loading>
        <Picker.Empty className="emoji-note">No emoji found</Picker.Empty>
        <Picker.List components={parts} />
      </Picker.Viewport>
      <div className="emoji-foot">
        <Picker.ActiveEmoji>
          {({ emoji }) => <span className="emoji-foot-name">{emoji ? emoji.label : "Pick an emoji"}</span>}
        </Picker.ActiveEmoji>
        <Picker.SkinToneSelector className="icon-button" />
      </div>
    </Picker.Root>
  );
}
