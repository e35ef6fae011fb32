/** Values derived from the state. */
import type { Channel } from "../contract";
import { compareNames } from "../text/collation";
import type { ChatState } from "./model";
import { namesOf } from "./names";

/** A channel's title: its name, or the other user's name for a direct channel. */
export function channelTitle(channel: Channel, people: ChatState["people"], me: string | undefined): string {
  if (channel.kind !== "direct") return channel.name;
  const other = otherPerson(channel, me);
  return (other && namesOf(people).ofUser(other)) ?? (channel.name || "Direct message");
}

/** The other user of a direct channel; undefined for another kind of channel. */
export function otherPerson(channel: Channel, me: string | undefined): string | undefined {
  if (channel.kind !== "direct") return undefined;
  return channel.memberIds.find((id) => id !== me) ?? channel.memberIds[0];
}

export function byName(a: { displayName: string }, b: { displayName: string }): number {
  return compareNames(a.displayName, b.displayName);
}

export function totalUnread(channels: ChatState["channels"]): number {
  return Object.values(channels).reduce((sum, channel) => sum + (channel.role ? channel.unread : 0), 0);
}
