import { describe, expect, test } from "vitest";
import type { ChannelSummary, Member, ServerFrame, User } from "../../../src/core/contract";
import { reduceOutbox } from "../../../src/core/socket/outbox";
import {
  reduceFrame,
  withMentions,
  withoutExpiredTyping,
  withReaction,
} from "../../../src/core/state/frames";
import type { ChatState } from "../../../src/core/state/model";
import { withPeople } from "../../../src/core/state/presence";
import { emptyTimeline, replaced } from "../../../src/core/state/timeline";
import { alice, bob, channel, frame, message, stateWith } from "../../support/messages";

const moment = { now: 1_000_000, serverNow: Date.UTC(2026, 0, 1) };
const apply = (state: ChatState, ...frames: ServerFrame[]) =>
  frames.reduce((known, next) => reduceFrame(known, next, moment), state);

const mentioned = (state: ChatState) => [...(state.mentions.general ?? [])].sort();

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

describe("names", () => {
  test("are those of the frame, and of later requests only", () => {
    const frame = { type: "names", changes: [{ userId: bob.userId, displayName: "Robert" }] } as const;
    const renamed = apply(loaded, frame);
    expect(renamed.people[bob.userId]?.displayName).toBe("Robert");
    const nameAfter = (askedAt: number) =>
      withPeople(renamed, [bob], askedAt).people[bob.userId]?.displayName;
    expect(nameAfter(moment.now - 1)).toBe("Robert");
    expect(nameAfter(moment.now + 1)).toBe("Bob");
    const mine = { type: "names", changes: [{ userId: alice.userId, displayName: "Alicia" }] } as const;
    expect(apply(loaded, mine).me?.displayName).toBe("Alicia");
  });
});

describe("message", () => {
  test("of another user is unread", () => {
    const after = apply(loaded, frame(3));
    expect(after.channels.general).toMatchObject({ lastSeq: 3, readSeq: 2, unread: 1 });
    expect(after.timelines.general?.messages).toHaveLength(3);
  });

  test("received twice counts once", () => {
    expect(apply(loaded, frame(3), frame(3)).channels.general?.unread).toBe(1);
  });

  test("of the user is read, and removed from the outbox", () => {
    const outbox = reduceOutbox(
      [],
      { type: "written", message: { clientMessageId: "c3", channelId: "general", text: "x", writtenAt: 0 } },
      0,
    );
    const after = apply({ ...loaded, outbox }, frame(3, { sender: alice }));
    expect(after.outbox).toEqual([]);
    expect(after.channels.general?.unread).toBe(0);
  });

  test("of another user with the same clientMessageId does not remove the user's message from the outbox", () => {
    const outbox = reduceOutbox(
      [],
      { type: "written", message: { clientMessageId: "c3", channelId: "general", text: "x", writtenAt: 0 } },
      0,
    );
    expect(apply({ ...loaded, outbox }, frame(3)).outbox).toHaveLength(1);
  });

  test("that mentions the user counts as a mention until it is read", () => {
    const named = apply(loaded, frame(3, { text: "@alice look", mentions: ["alice"] }));
    expect(mentioned(named)).toEqual([3]);
    expect(mentioned(apply(named, { type: "readMarker", channelId: "general", readSeq: 3 }))).toEqual([]);
    expect(mentioned(apply(named, frame(4, { sender: alice, mentions: ["alice"] })))).toEqual([]);
  });

  test("mentions the user from an edit on, until another edit or its deletion", () => {
    const edited = (second: number, mentions: string[]) =>
      ({
        type: "messageEdited",
        channelId: "general",
        seq: 3,
        messageId: "m3",
        text: "x",
        mentions,
        editedBy: bob.userId,
        editedAt: `2026-01-01T00:00:0${second}.000Z`,
      }) as const;
    const named = apply(loaded, frame(3), edited(1, ["alice"]));
    expect(mentioned(named)).toEqual([3]);
    expect(mentioned(apply(named, edited(2, ["bob"])))).toEqual([]);
    const at = "2026-01-01T00:00:03.000Z";
    const position = { channelId: "general", seq: 3, messageId: "m3" };
    const deletion = { type: "messageDeleted", ...position, deletedBy: bob.userId, deletedAt: at } as const;
    expect(mentioned(apply(named, deletion))).toEqual([]);
    const read = apply(loaded, frame(3), { type: "readMarker", channelId: "general", readSeq: 3 });
    expect(mentioned(apply(read, edited(1, ["alice"])))).toEqual([]);
  });

  test("that the server lists as a mention counts, and so does one that arrived after the list", () => {
    const before = apply(loaded, frame(3, { mentions: ["alice"] }));
    const after = apply(before, frame(5, { mentions: ["alice"] }));
    const page = { items: [{ channelId: "general", seqs: [1, 4] }] };
    expect(mentioned(withMentions(after, page, before))).toEqual([4, 5]);
  });

  describe("after a change of it", () => {
    const position = { channelId: "general", seq: 3, messageId: "m3" };
    const deletion = {
      type: "messageDeleted",
      ...position,
      deletedBy: bob.userId,
      deletedAt: "2026-01-01T00:00:09.000Z",
    } as const;
    const edit = {
      type: "messageEdited",
      ...position,
      text: "new",
      mentions: [] as string[],
      editedBy: bob.userId,
      editedAt: "2026-01-01T00:00:08.000Z",
    } as const;
    const reaction = {
      type: "reaction",
      change: "added",
      ...position,
      emoji: "👍",
      userId: bob.userId,
      reactedAt: "2026-01-01T00:00:08.000Z",
    } as const;
    const old = frame(3, { text: "secret @alice", mentions: ["alice"] });

    test("is shown as deleted, and is neither unread nor a mention", () => {
      const after = apply(loaded, deletion, old);
      expect(after.timelines.general?.messages.at(-1)).toMatchObject({
        text: "",
        deletedAt: deletion.deletedAt,
      });
      expect(after.channels.general).toMatchObject({ lastSeq: 3, unread: 0 });
      expect(mentioned(after)).toEqual([]);
    });

    test("is shown as edited, with its reactions", () => {
      const after = apply(loaded, edit, reaction, old);
      expect(after.timelines.general?.messages.at(-1)).toMatchObject({
        text: "new",
        reactions: [{ emoji: "👍", userIds: [bob.userId] }],
      });
      expect(mentioned(after)).toEqual([]);
    });

    test("is changed also if a later message came first, and while the window is loading", () => {
      const inGap = apply(loaded, frame(4), deletion, old);
      expect(inGap.timelines.general?.messages.map(({ text }) => text)).not.toContain(old.text);
      const loading = { ...loaded, timelines: { general: { ...emptyTimeline, generation: 1 } } };
      expect(apply(loading, deletion, old).timelines.general?.arrived[0]?.text).toBe("");
    });

    test("keeps the newest 100 changes of a channel, and those of another message", () => {
      const changes = Array.from({ length: 101 }, (_, index) => ({ ...deletion, seq: 10 + index }));
      const kept = apply(loaded, ...changes).earlyChanges.general ?? [];
      expect([kept.length, kept[0]?.seq]).toEqual([100, 11]);
      expect(apply(loaded, deletion, { ...edit, seq: 4 }, old).earlyChanges.general).toEqual([
        { ...edit, seq: 4 },
      ]);
    });
  });

  test("in a channel that is not loaded only changes the count", () => {
    const after = apply(stateWith(), frame(1));
    expect(after.channels.general?.unread).toBe(1);
    expect(after.timelines.general).toBeUndefined();
  });

  describe("of a window that is too long", () => {
    const seqs = Array.from({ length: 1_500 }, (_, index) => index + 1);
    const long = stateWith({
      channels: { general: channel({ lastSeq: 1_500, readSeq: 1_500 }) },
      timelines: { general: timelineOf(...seqs) },
    });
    const window = (state: ChatState) => {
      const { messages = [], hasEarlier, hasLater } = state.timelines.general ?? {};
      return { first: messages[0]?.seq, last: messages.at(-1)?.seq, hasEarlier, hasLater };
    };

    test("drops the oldest messages", () => {
      const shorter = { first: 1_002, last: 1_501, hasEarlier: true, hasLater: false };
      expect(window(apply(long, frame(1_501)))).toEqual(shorter);
      expect(window(apply({ ...long, readingBack: "other" }, frame(1_501)))).toEqual(shorter);
    });

    test("keeps the messages that the user reads far from its end, and adds no later ones", () => {
      const after = apply({ ...long, readingBack: "general" }, frame(1_501), frame(1_502), frame(1_504));
      expect(window(after)).toEqual({ first: 1, last: 1_501, hasEarlier: false, hasLater: true });
      expect(after.channels.general?.unread).toBe(4);
    });
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

describe("message changes", () => {
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

  test("the newest edit wins in any order", () => {
    const after = apply(
      loaded,
      edited(2, "new", "2026-01-01T00:00:02.000Z"),
      edited(2, "old", "2026-01-01T00:00:01.000Z"),
    );
    expect(after.timelines.general?.messages[1]?.text).toBe("new");
  });

  test("a deleted message has no text, and a late edit does not restore it", () => {
    const after = apply(loaded, deleted, edited(2, "back", "2026-01-01T00:00:03.000Z"));
    expect(after.timelines.general?.messages[1]).toMatchObject({ text: "", deletedBy: bob.userId });
  });

  test("a deleted message gets no reaction", () => {
    const reaction: ServerFrame = {
      type: "reaction",
      change: "added",
      channelId: "general",
      seq: 2,
      messageId: "m2",
      emoji: "🎉",
      userId: bob.userId,
      reactedAt: "2026-01-01T00:00:01.000Z",
    };
    expect(apply(loaded, reaction, deleted).timelines.general?.messages[1]?.reactions).toEqual([]);
    expect(apply(loaded, deleted, reaction).timelines.general?.messages[1]?.reactions).toEqual([]);
  });

  test("the later change of a reaction holds, whichever frame arrives first", () => {
    const reaction = (change: "added" | "removed", second: number, emoji = "👍"): ServerFrame => ({
      type: "reaction",
      change,
      channelId: "general",
      seq: 2,
      messageId: "m2",
      emoji,
      userId: bob.userId,
      reactedAt: `2026-01-01T00:00:0${second}.000Z`,
    });
    const shown = (...frames: ServerFrame[]) =>
      apply(loaded, ...frames).timelines.general?.messages[1]?.reactions.map(({ emoji }) => emoji);
    expect(shown(reaction("removed", 5), reaction("added", 1))).toEqual([]);
    expect(shown(reaction("removed", 5), reaction("added", 6))).toEqual(["👍"]);
    expect(shown(reaction("removed", 5), reaction("added", 1, "🎉"))).toEqual(["🎉"]);
    const many = Array.from({ length: 300 }, (_, index) => reaction("added", 1, `${index}`));
    expect(Object.keys(apply(loaded, ...many).reactionTimes)).toHaveLength(200);
  });

  test("adding a reaction twice adds it once, and removing a missing one changes nothing", () => {
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
  const at = (second: number, frame: ServerFrame): ServerFrame =>
    ({ ...frame, changedAt: `2026-01-01T00:00:0${second}.000Z` }) as ServerFrame;

  test("joined in another tab appears", () => {
    expect(apply(stateWith({ channels: {} }), change("joined", alice.userId)).channels.general?.role).toBe(
      "member",
    );
  });

  test("of a direct message to the user appears", () => {
    const created = change("created", bob.userId, {
      channelId: "dm",
      kind: "direct",
      memberIds: [alice.userId, bob.userId],
    });
    expect(apply(stateWith(), created).channels.dm?.kind).toBe("direct");
  });

  test("of others does not appear", () => {
    expect(apply(stateWith({ channels: {} }), change("joined", bob.userId)).channels).toEqual({});
  });

  test("that the user left is removed with all its data", () => {
    const after = apply(loaded, change("left", alice.userId));
    expect(after.channels).toEqual({});
    expect(after.timelines).toEqual({});
  });

  test("gets the new owner, in the channel and in the member list", () => {
    const left = { ...change("left", bob.userId), newOwnerId: alice.userId } as ServerFrame;
    const known = apply(loaded, left);
    expect(known.channels.general?.role).toBe("owner");
    const list = { members: [member(bob, "owner"), member(alice)], cursor: null, progress: "ready" as const };
    const listed = apply({ ...loaded, members: { general: list } }, left);
    expect(listed.members.general?.members).toEqual([member(alice, "owner")]);
    const other = { ...left, userId: alice.userId, newOwnerId: bob.userId } as ServerFrame;
    expect(apply(loaded, other).channels.general).toBeUndefined();
  });

  test("created by the user is owned by the user, except after rejoining and for direct messages", () => {
    const none = stateWith({ channels: {} });
    const mine = { createdBy: alice.userId };
    const role = (frame: ServerFrame) => apply(none, frame).channels.general?.role;
    expect(role(change("created", alice.userId, mine))).toBe("owner");
    expect(role(change("joined", alice.userId, mine))).toBe("member");
    expect(role(change("created", alice.userId, { ...mine, kind: "direct" }))).toBe("member");
  });

  test("has a member count", () => {
    expect(apply(loaded, change("joined", "u-carol")).channels.general?.memberCount).toBe(3);
    expect(apply(loaded, change("left", bob.userId)).channels.general?.memberCount).toBe(1);
  });

  test("counts a joining and a leaving once, however often they are posted", () => {
    const count = (...frames: ServerFrame[]) => apply(loaded, ...frames).channels.general?.memberCount;
    const joined = change("joined", "u-carol");
    expect(count(joined, joined)).toBe(3);
    expect(count(joined, at(1, change("left", "u-carol")), at(2, change("left", "u-carol")))).toBe(2);
    expect(count(joined, at(1, change("left", "u-carol")), at(2, joined))).toBe(3);
    const again = { ...at(2, change("left", bob.userId)), newOwnerId: alice.userId } as ServerFrame;
    expect(apply(loaded, change("left", bob.userId), again).channels.general?.role).toBe("owner");
  });

  test("that the user left does not come back with an older joining", () => {
    const left = at(1, change("left", alice.userId));
    expect(apply(loaded, left, change("joined", alice.userId)).channels.general).toBeUndefined();
    expect(apply(loaded, left, at(2, change("joined", alice.userId))).channels.general).toBeDefined();
  });
});

describe("presence, typing, read marker", () => {
  test("presence updates known users", () => {
    const after = apply(loaded, {
      type: "presence",
      changes: [
        { userId: bob.userId, status: "online", lastSeenAt: null },
        { userId: "unknown", status: "online", lastSeenAt: null },
      ],
    });
    expect(after.people[bob.userId]?.status).toBe("online");
    expect(after.people.unknown).toBeUndefined();
  });

  test("a presence frame that is older than what is known has no effect", () => {
    const at = (status: User["status"], second: number) =>
      ({
        type: "presence",
        changes: [{ userId: bob.userId, status, lastSeenAt: `2026-01-01T00:00:0${second}.000Z` }],
      }) as const;
    expect(apply(loaded, at("offline", 5), at("online", 1)).people[bob.userId]?.status).toBe("offline");
    expect(apply(loaded, at("offline", 5), at("online", 6)).people[bob.userId]?.status).toBe("online");
  });

  test("a response older than a presence frame does not override it", () => {
    const online = { userId: bob.userId, status: "online" as const, lastSeenAt: null };
    const withFrame = apply(loaded, { type: "presence", changes: [online] });
    const offline: User = { ...bob, status: "offline", lastSeenAt: "2026-01-01T00:00:00.000Z" };
    expect(withPeople(withFrame, [offline], moment.now - 1).people[bob.userId]?.status).toBe("online");
    expect(withPeople(withFrame, [offline], moment.now + 1).people[bob.userId]?.status).toBe("offline");
  });

  test("of two responses the one requested later wins", () => {
    const later = withPeople(loaded, [{ ...bob, status: "online" }], 2);
    expect(withPeople(later, [{ ...bob, status: "offline" }], 1).people[bob.userId]?.status).toBe("online");
  });

  test("presence received before the user is known is applied later", () => {
    const stranger: User = { ...bob, userId: "u-new", status: "offline" };
    const withFrame = apply(loaded, {
      type: "presence",
      changes: [{ userId: "u-new", status: "online", lastSeenAt: null }],
    });
    expect(withPeople(withFrame, [stranger], moment.now - 1).people["u-new"]?.status).toBe("online");
  });

  test("typing lasts until the server's time, limited by a maximum", () => {
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

  test("the user's own typing is ignored", () => {
    expect(
      apply(loaded, {
        type: "typing",
        channelId: "general",
        userId: alice.userId,
        until: "2026-01-01T00:00:05.000Z",
      }),
    ).toBe(loaded);
  });

  test("messages read in another tab are read here and do not become unread", () => {
    const unread = apply(loaded, frame(3), frame(4));
    const read = apply(unread, { type: "readMarker", channelId: "general", readSeq: 4 });
    expect(read.channels.general?.unread).toBe(0);
    expect(apply(read, { type: "readMarker", channelId: "general", readSeq: 1 })).toBe(read);
  });
});

test("an unknown frame changes nothing", () => {
  expect(reduceFrame(loaded, { type: "somethingNew" } as never, moment)).toBe(loaded);
});
