/** How the inspector's views reach its API, its live feed, and what things are called. */
import { createContext, useCallback, useContext, useEffect, useState } from "react";
import { channelTitle } from "../../core/state/selectors";
import { useChat } from "../shared/useChat";
import { shortId } from "./format";
import { faultSentence, type InspectorApi } from "./inspectorApi";
import type { LiveFeed } from "./live/feed";

export interface Inspection {
  readonly api: InspectorApi;
  readonly feed: LiveFeed;
}

export const InspectionContext = createContext<Inspection | null>(null);

export function useInspection(): Inspection {
  const inspection = useContext(InspectionContext);
  if (!inspection) throw new Error("No inspector above this component.");
  return inspection;
}

export interface Names {
  readonly ofUser: (userId: string | null) => string;
  readonly ofChannel: (channelId: string | null) => string;
}

/** What the chat calls people and channels; what it does not know keeps its id. */
export function useInspectedNames(): Names {
  const people = useChat((state) => state.people);
  const channels = useChat((state) => state.channels);
  const me = useChat((state) => state.me?.userId);
  const ofUser = useCallback(
    (userId: string | null) =>
      userId === null
        ? "–"
        : (people[userId]?.displayName ?? (userId === "parley" ? "Parley" : shortId(userId))),
    [people],
  );
  const ofChannel = useCallback(
    (channelId: string | null) => {
      if (channelId === null) return "–";
      const channel = channels[channelId];
      if (!channel) return shortId(channelId);
      return channel.kind === "direct"
        ? channelTitle(channel, people, me)
        : `#${channelTitle(channel, people, me)}`;
    },
    [channels, people, me],
  );
  return { ofUser, ofChannel };
}

export type Asked<T> =
  | { readonly state: "loading"; readonly value: T | null; readonly failure: null }
  | { readonly state: "ready"; readonly value: T; readonly failure: null }
  | { readonly state: "failed"; readonly value: T | null; readonly failure: string };

/** Ask, again whenever `key` changes. What came before stays while the next answer is awaited for the same thing. */
export function useAsked<T>(key: string | null, ask: () => Promise<T>): Asked<T> & { again: () => void } {
  const [asked, setAsked] = useState<Asked<T> & { key: string | null }>({
    state: "loading",
    value: null,
    failure: null,
    key,
  });
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` names what `ask` asks for.
  useEffect(() => {
    if (key === null) return;
    let over = false;
    setAsked((before) => ({
      state: "loading",
      value: before.key === key ? before.value : null,
      failure: null,
      key,
    }));
    ask().then(
      (value) => {
        if (!over) setAsked({ state: "ready", value, failure: null, key });
      },
      (failure: unknown) => {
        if (!over) {
          setAsked((before) => ({
            state: "failed",
            value: before.value,
            failure: faultSentence(failure),
            key,
          }));
        }
      },
    );
    return () => {
      over = true;
    };
  }, [key, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  // The render before the effect still holds the last thing's answer.
  const current: Asked<T> = asked.key === key ? asked : { state: "loading", value: null, failure: null };
  return { ...current, again };
}
