/** The chat, for components. */
import { createContext, useContext } from "react";
import type { Chat } from "../../core/chat/chat";

export const ChatContext = createContext<Chat | null>(null);

export function useChatActions(): Chat {
  const chat = useContext(ChatContext);
  if (!chat) throw new Error("No chat above this component.");
  return chat;
}
