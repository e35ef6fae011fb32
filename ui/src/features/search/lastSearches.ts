/** The last search of each channel, until the user signs out: a panel that is opened again shows it. */
import type { Chat } from "../../core/chat/chat";
import type { Message } from "../../core/contract";

/** A search and its results. */
export interface Search {
  readonly term: string;
  /** Newest first; null before the first response. */
  readonly messages: readonly Message[] | null;
  /** The oldest seq searched; null if the search reached the start. */
  readonly searchedTo: number | null;
  readonly busy: boolean;
  readonly failure: string | null;
}

/** Each sign-in has its own chat. */
const searches = new WeakMap<Chat, Map<string, Search>>();

export function lastSearch(chat: Chat, channelId: string): Search | null {
  return searches.get(chat)?.get(channelId) ?? null;
}

export function keepSearch(chat: Chat, channelId: string, search: Search): void {
  const kept = searches.get(chat) ?? new Map<string, Search>();
  searches.set(chat, kept.set(channelId, search));
}
