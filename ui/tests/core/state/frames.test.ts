import { describe, expect, test } from "vitest";
import type { ChannelSummary, Member, ServerFrame, User } from "../../../src/core/contract";
import { reduceOutbox } from "../../../src/core/socket/outbox";
import { reduceFrame, withoutExpiredTyping, withReaction } from "../../../src/core/state/frames";
import type { ChatState } from "../../../src/core/state/model";
import { withPeople } from "../../../src/core/state/presence";
import { emptyTimeline, replaced } from "../../../src/core/state/timeline";
import { alice, bob, channel, frame, message, stateWith } from "../../support/messages";

const moment = { now: 1_000_000, serverNow: Date.UTC(2026, 0, 1) };
const apply = (state: ChatState, ...frames: ServerFrame[]) =>
  frames.reduce((known, next) => reduceFrame(known, next, moment), state);

const timelineOf = (...seqs: number[]) =>
  replaced(emptyTimeline, { items: seqs.map((seq) => message(seq)) }, { hasEarlier: false, hasLater: false });
const loaded = stateWith({
  channels: { general: channel({ lastSeq: 2, readSeq: 2 }) },
  timelines: { general: timelineOf(1, 2) },
});
const member = (user: User, role: Member["role"] = "member"): Member => ({
  ...user,
  role,
  joinedAt: "2026-01-01T00:00:00.000Z",
});
const summary: ChannelSummary = (({ channelId, kind, name, createdAt, createdBy, memberIds }) => ({
  channelId,
  kind,
  name,
  createdAt,
  createdBy,
  memberIds,
}))(channel());

describe("message", () => {
  test("of somebody else is unread", () => {
    const after = apply(loaded, frame(3));
    expect(after.channels.general).toMatchObject({ lastSeq: 3, readSeq: 2, unread: 1 });
    expect(after.timelines.general?.messages).toHaveLength(3);
  });

  test("twice counts once", () => {
    expect(apply(loaded, frame(3), frame(3)).channels.general?.unread).toBe(1);
  });

  test("of mine is read, leaves the outbox, and carries the tick", () => {
    const outbox = reduceOutbox(
      [],
      { type: "written", message: { clientMessageId: "c3", channelId: "general", text: "x", writtenAt: 0 } },
      0,
    );
    const after = apply({ ...loaded, outbox }, frame(3, { sender: alice }));
    expect(after.outbox).toEqual([]);
    expect(after.channels.general?.unread).toBe(0);
    expect(after.delivered.has("m3")).toBe(true);
  });

  test("of somebody else under my client message id does not take mine from the outbox", () => {
    const outbox = reduceOutbox(
      [],
      { type: "written", message: { clientMessageId: "c3", channelId: "general", text: "x", writtenAt: 0 } },
      0,
    );
    expect(apply({ ...loaded, outbox }, frame(3)).outbox).toHaveLength(1);
  });

  test("that names me counts as a mention until it is read", () => {
    const named = apply(loaded, frame(3, { text: "@alice look" }));
    expect(named.mentions.general).toBe(1);
    expect(apply(named, { type: "readMarker", channelId: "general", readSeq: 3 }).mentions.general).toBe(0);
  });

  test("in a channel that is not loaded only counts", () => {
    const after = apply(stateWith(), frame(1));
    expect(after.channels.general?.unread).toBe(1);
    expect(after.timelines.general).toBeUndefined();
  });

  test("ends its author's typing", () => {
    const typing = apply(loaded, {
      type: "typing",
      channelId: "general",
      userId: bob.userId,
      until: "2026-01-01T00:00:05.000Z",
    });
    expect(typing.typing.general?.[bob.userId]).toBe(moment.now + 5_000);
    expect(apply(typing, frame(3)).typing.general?.[bob.userId]).toBeUndefined();
  });
});

describe("changes of a message", () => {
  const edited = (seq: number, text: string, editedAt: string): ServerFrame => ({
    type: "messageEdited",
    channelId: "general",
    seq,
    messageId: `m${seq}`,
    text,
    editedBy: bob.userId,
    editedAt,
  });
  const deleted: ServerFrame = {
    type: "messageDeleted",
    channelId: "general",
    seq: 2,
    messageId: "m2",
    deletedBy: bob.userId,
    deletedAt: "2026-01-01T00:00:02.000Z",
  };

  test("the newest edit wins, in whatever order they come", () => {
    const after = apply(
      loaded,
      edited(2, "new", "2026-01-01T00:00:02.000Z"),
      edited(2, "old", "2026-01-01T00:00:01.000Z"),
    );
    expect(after.timelines.general?.messages[1]?.text).toBe("new");
  });

  test("a deleted message has no text, and no late edit brings it back", () => {
    const after = apply(loaded, deleted, edited(2, "back", "2026-01-01T00:00:03.000Z"));
    expect(after.timelines.general?.messages[1]).toMatchObject({ text: "", deletedBy: bob.userId });
  });

  test("a reaction twice is one, and one that is not there cannot be taken back", () => {
    const one = withReaction([], "🎉", "a", true);
    expect(withReaction(one, "🎉", "a", true)).toBe(one);
    expect(withReaction(withReaction(one, "🎉", "b", true), "🎉", "a", false)).toEqual([
      { emoji: "🎉", userIds: ["b"] },
    ]);
    expect(withReaction(one, "🎉", "a", false)).toEqual([]);
    expect(withReaction(one, "👀", "a", false)).toBe(one);
  });
});

describe("channel", () => {
  const change = (
    kind: "created" | "joined" | "left",
    userId: string,
    more: Partial<ChannelSummary> = {},
  ): ServerFrame => ({
    type: "channel",
    change: kind,
    channel: { ...summary, ...more },
    userId,
    displayName: "x",
    changedBy: userId,
    changedAt: "2026-01-01T00:00:00.000Z",
  });

  test("that I joined elsewhere appears", () => {
    expect(apply(stateWith({ channels: {} }), change("joined", alice.userId)).channels.general?.role).toBe(
      "member",
    );
  });

  test("that is a direct message to me appears", () => {
    const created = change("created", bob.userId, {
      channelId: "dm",
      kind: "direct",
      memberIds: [alice.userId, bob.userId],
    });
    expect(apply(stateWith(), created).channels.dm?.kind).toBe("direct");
  });

  test("of others does not", () => {
    expect(apply(stateWith({ channels: {} }), change("joined", bob.userId)).channels).toEqual({});
  });

  test("that I left takes everything of it along", () => {
    const after = apply(loaded, change("left", alice.userId));
    expect(after.channels).toEqual({});
    expect(after.timelines).toEqual({});
  });

  test("passes to whom its owner left it, here and in the list of members", () => {
    const left = { ...change("left", bob.userId), newOwnerId: alice.userId } as ServerFrame;
    const known = apply(loaded, left);
    expect(known.channels.general?.role).toBe("owner");
    const list = { members: [member(bob, "owner"), member(alice)], cursor: null, progress: "ready" as const };
    const listed = apply({ ...loaded, members: { general: list } }, left);
    expect(listed.members.general?.members).toEqual([member(alice, "owner")]);
    const other = { ...left, userId: alice.userId, newOwnerId: bob.userId } as ServerFrame;
    expect(apply(loaded, other).channels.general).toBeUndefined();
  });

  test("that I made is mine, but not if I come back to it, nor if it is a direct message", () => {
    const none = stateWith({ channels: {} });
    const mine = { createdBy: alice.userId };
    const role = (frame: ServerFrame) => apply(none, frame).channels.general?.role;
    expect(role(change("created", alice.userId, mine))).toBe("owner");
    expect(role(change("joined", alice.userId, mine))).toBe("member");
    expect(role(change("created", alice.userId, { ...mine, kind: "direct" }))).toBe("member");
  });

  test("counts its members", () => {
    expect(apply(loaded, change("joined", "u-carol")).channels.general?.memberCount).toBe(3);
    expect(apply(loaded, change("left", bob.userId)).channels.general?.memberCount).toBe(1);
  });
});

describe("presence, typing, read marker", () => {
  test("presence changes those who are known", () => {
    const after = apply(loaded, {
      type: "presence",
      changes: [
        { userId: bob.userId, status: "online", lastSeenAt: null },
        { userId: "nobody", status: "online", lastSeenAt: null },
      ],
    });
    expect(after.people[bob.userId]?.status).toBe("online");
    expect(after.people.nobody).toBeUndefined();
  });

  test("an answer that was on its way when somebody came does not send them away again", () => {
    const online = { userId: bob.userId, status: "online" as const, lastSeenAt: null };
    const heard = apply(loaded, { type: "presence", changes: [online] });
    const offline: User = { ...bob, status: "offline", lastSeenAt: "2026-01-01T00:00:00.000Z" };
    expect(withPeople(heard, [offline], moment.now - 1).people[bob.userId]?.status).toBe("online");
    expect(withPeople(heard, [offline], moment.now + 1).people[bob.userId]?.status).toBe("offline");
  });

  test("of two answers the one that was asked for later counts, whichever comes last", () => {
    const later = withPeople(loaded, [{ ...bob, status: "online" }], 2);
    expect(withPeople(later, [{ ...bob, status: "offline" }], 1).people[bob.userId]?.status).toBe("online");
  });

  test("somebody who is told of before they are known is as told", () => {
    const stranger: User = { ...bob, userId: "u-new", status: "offline" };
    const heard = apply(loaded, {
      type: "presence",
      changes: [{ userId: "u-new", status: "online", lastSeenAt: null }],
    });
    expect(withPeople(heard, [stranger], moment.now - 1).people["u-new"]?.status).toBe("online");
  });

  test("typing lasts as the server said, never long, whatever the clocks say", () => {
    const far = apply(loaded, {
      type: "typing",
      channelId: "general",
      userId: bob.userId,
      until: "2030-01-01T00:00:00.000Z",
    });
    expect(far.typing.general?.[bob.userId]).toBe(moment.now + 10_000);
    expect(
      apply(loaded, {
        type: "typing",
        channelId: "general",
        userId: bob.userId,
        until: "2020-01-01T00:00:00.000Z",
      }),
    ).toBe(loaded);
    expect(withoutExpiredTyping(far, moment.now + 10_001).typing.general).toEqual({});
    expect(withoutExpiredTyping(far, moment.now)).toBe(far);
  });

  test("my own typing is no news", () => {
    expect(
      apply(loaded, {
        type: "typing",
        channelId: "general",
        userId: alice.userId,
        until: "2026-01-01T00:00:05.000Z",
      }),
    ).toBe(loaded);
  });

  test("what was read in another tab is read here, and never unread again", () => {
    const unread = apply(loaded, frame(3), frame(4));
    const read = apply(unread, { type: "readMarker", channelId: "general", readSeq: 4 });
    expect(read.channels.general?.unread).toBe(0);
    expect(apply(read, { type: "readMarker", channelId: "general", readSeq: 1 })).toBe(read);
  });
});

test("a frame that this client does not know changes nothing", () => {
  expect(reduceFrame(loaded, { type: "somethingNew" } as never, moment)).toBe(loaded);
});
