/**
 * Users, their names and their presence. A response may be older than a frame that arrived during the request, or than the response
 * to a later request: the latest information wins.
 */
import type { NameChange, PresenceChange, User } from "../contract";
import type { ChatState } from "./model";

/** Channels with more members get neither presence nor typing; the presence of members is requested when shown. */
export const MAX_LIVE_MEMBERS = 1_000;

export interface KnownPresence {
  readonly status: User["status"];
  readonly lastSeenAt: string | null;
  /** When the frame arrived or the request started, in ms by the client's clock. */
  readonly at: number;
}

export interface Rename {
  readonly displayName: string;
  /** When the frame arrived, in ms by the client's clock. */
  readonly at: number;
}

/** Apply a frame of names, also to users that are not loaded yet. */
export function withNames(state: ChatState, changes: readonly NameChange[], now: number): ChatState {
  const renames = { ...state.renames };
  const people = { ...state.people };
  for (const { userId, displayName } of changes) {
    renames[userId] = { displayName, at: now };
    const person = people[userId];
    if (person) people[userId] = { ...person, displayName };
  }
  return { ...state, renames, people, me: state.me && (people[state.me.userId] ?? state.me) };
}

/**
 * Apply a presence frame, also to users that are not loaded yet. Two frames about a user may overtake each other: one
 * that is older than what is known has no effect.
 */
export function withPresence(state: ChatState, changes: readonly PresenceChange[], now: number): ChatState {
  const presence = { ...state.presence };
  const people = { ...state.people };
  for (const { userId, status, lastSeenAt } of changes) {
    const before = presence[userId]?.lastSeenAt;
    if (lastSeenAt && before && lastSeenAt < before) continue;
    const person = people[userId];
    const known = { status, lastSeenAt: lastSeenAt ?? person?.lastSeenAt ?? null, at: now };
    presence[userId] = known;
    if (person) people[userId] = { ...person, status, lastSeenAt: known.lastSeenAt };
  }
  return { ...state, presence, people };
}

/** Apply the response to a request that started at `askedAt`. */
export function withPeople(state: ChatState, items: readonly User[], askedAt: number): ChatState {
  const presence = { ...state.presence };
  const people = { ...state.people };
  for (const { userId, username, displayName, status, lastSeenAt } of items) {
    const known = presence[userId];
    const latest = known && known.at >= askedAt ? known : { status, lastSeenAt, at: askedAt };
    presence[userId] = latest;
    const rename = state.renames[userId];
    people[userId] = {
      userId,
      username,
      displayName: rename && rename.at >= askedAt ? rename.displayName : displayName,
      status: latest.status,
      lastSeenAt: latest.lastSeenAt,
    };
  }
  return { ...state, presence, people, me: state.me && (people[state.me.userId] ?? state.me) };
}
