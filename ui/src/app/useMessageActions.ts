/** The actions of messages. The value is stable, so that message rows do not render again while the user types. */
import { useMemo, useRef } from "react";
import type { Channel, Message } from "../core/contract";
import { channelPath, navigate } from "../core/router";
import type { Names } from "../core/state/names";
import type { EmojiRequest } from "../features/emoji/EmojiPopover";
import { quickReactions } from "../features/emoji/recentEmojis";
import type { MessageActions } from "../features/message/messageActions";
import { useChatActions } from "../features/shared/chatContext";
import { useChat } from "../features/shared/useChat";
import { copyText } from "../kit/copyText";

interface Options {
  readonly channel: Channel;
  readonly names: Names;
  /** Must be stable, as `onDelete` and `onPickEmoji`. */
  readonly onEdit: (message: Message) => void;
  readonly onDelete: (message: Message) => void;
  readonly onPickEmoji: (request: EmojiRequest) => void;
  readonly onQuote: (message: Message) => void;
}

export function useMessageActions(options: Options): MessageActions {
  const { channel, names, onEdit, onDelete, onPickEmoji, onQuote } = options;
  const chat = useChatActions();
  const me = useChat((state) => state.me?.userId ?? "");
  const latestOnQuote = useRef(onQuote);
  latestOnQuote.current = onQuote;

  return useMemo(
    () => ({
      me,
      canDeleteAny: channel.role === "owner",
      quickReactions: quickReactions(),
      nameOf: (userId) => names.ofUser(userId) ?? "someone",
      resolveMention: (username) => names.resolveMention(username, me),
      onEdit,
      onDelete,
      onReact: (message, emoji, added) => void chat.react(message, emoji, added),
      onPickEmoji: (message, anchor) =>
        onPickEmoji({
          anchor,
          onPick: (emoji) => {
            const reaction = message.reactions.find((each) => each.emoji === emoji);
            chat.react(message, emoji, !reaction?.userIds.includes(me));
          },
        }),
      onQuote: (message) => latestOnQuote.current(message),
      onCopyLink: (message) => {
        const link = location.origin + channelPath(message.channelId, message.seq);
        copyText(link).then(
          () => chat.toast("done", "Link copied."),
          () => chat.toast("error", "The browser blocked copying. Allow clipboard access and try again."),
        );
      },
      onInspect: chat.config.inspector
        ? (message) => navigate(`/inspector/messages/${message.messageId}`)
        : null,
    }),
    [chat, me, channel.role, names, onEdit, onDelete, onPickEmoji],
  );
}
