/**
 * Tells screen readers of messages as they arrive. The log itself stays silent: a windowed list adds rows
 * while one scrolls, and those are no news.
 */
import { useEffect, useState } from "react";
import type { MessageFrame, Person } from "../../core/contract";
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
          {nameOf(message.sender)}: {message.text.slice(0, MAX_ANNOUNCED_LENGTH)}
        </p>
      )}
    </div>
  );
}
