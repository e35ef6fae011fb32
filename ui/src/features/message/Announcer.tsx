/**
 * Announces new messages to screen readers. The log itself is not live, because a windowed list also adds rows while
 * scrolling.
 */
import { useEffect, useState } from "react";
import type { MessageFrame, Person } from "../../core/contract";
import { withoutMarkup } from "../../core/text/markdown";
import { useChatActions } from "../shared/chatContext";

const MAX_ANNOUNCED_LENGTH = 240;

export function Announcer({ channelId, nameOf }: { channelId: string; nameOf: (person: Person) => string }) {
  const chat = useChatActions();
  const [message, setMessage] = useState<MessageFrame | null>(null);
  useEffect(
    () =>
      chat.onNewMessage((arrived) => {
        if (arrived.channelId === channelId) setMessage(arrived);
      }),
    [chat, channelId],
  );
  return (
    <div className="visually-hidden" aria-live="polite">
      {message && (
        <p key={message.messageId}>
          {nameOf(message.sender)}: {withoutMarkup(message.text).slice(0, MAX_ANNOUNCED_LENGTH)}
        </p>
      )}
    </div>
  );
}
