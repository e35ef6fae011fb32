/**
 * People, and whether they are here. A request's answer may be older than a frame that came while it was on its
 * way, or than the answer to a later request: what was known later stays.
 */
import type { PresenceChange, User } from "../contract";
import type { ChatState } from "./model";

export interface KnownPresence {
  readonly status: User["status"];
  readonly lastSeenAt: string | null;
  /** By this machine's clock: when the frame came, or the request began. */
  readonly at: number;
}

/** What a frame tells, of people who are not known yet too. */
export function withPresence(state: ChatState, changes: readonly PresenceChange[], now: number): ChatState {
  const presence = { ...state.presence };
  const people = { ...state.people };
  for (const { userId, status, lastSeenAt } of changes) {
    const person = people[userId];
    const known = { status, lastSeenAt: lastSeenAt ?? person?.lastSeenAt ?? null, at: now };
    presence[userId] = known;
    if (person) people[userId] = { ...person, status, lastSeenAt: known.lastSeenAt };
  }
  return { ...state, presence, people };
}

/** What a request that began at `askedAt` tells. */
export function withPeople(state: ChatState, items: readonly User[], askedAt: number): ChatState {
  const presence = { ...state.presence };
  const people = { ...state.people };
  for (const { userId, username, displayName, status, lastSeenAt } of items) {
    const known = presence[userId];
    const latest = known && known.at >= askedAt ? known : { status, lastSeenAt, at: askedAt };
    presence[userId] = latest;
    people[userId] = {
      userId,
      username,
      displayName,
      status: latest.status,
      lastSeenAt: latest.lastSeenAt,
    };
  }
  return { ...state, presence, people, me: state.me && (people[state.me.userId] ?? state.me) };
}
