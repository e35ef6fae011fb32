import { describe, expect, test } from "vitest";
import type { Message } from "../../../src/core/contract";
import {
  emptyTimeline,
  ended,
  gap,
  isRead,
  replaced,
  searched,
  skipped,
  type Timeline,
  trim,
  updateMessage,
  withEarlier,
  withLater,
  withLive,
} from "../../../src/core/state/timeline";
import { bob, message } from "../../support/messages";

const page = (seqs: readonly number[], hasMore = false) => ({
  items: seqs.map((seq) => message(seq)),
  hasMore,
  searchedTo: null,
});
const seqs = (timeline: Timeline) => timeline.messages.map((m) => m.seq);
const loaded = (numbers: readonly number[], has = { hasEarlier: false, hasLater: false }) =>
  replaced(emptyTimeline, page(numbers), has);

describe("live messages", () => {
  test("in order are settled one by one", () => {
    const timeline = [4, 5].reduce((known, seq) => withLive(known, message(seq)), loaded([1, 2, 3]));
    expect(seqs(timeline)).toEqual([1, 2, 3, 4, 5]);
    expect(timeline.settled).toBe(5);
    expect(gap(timeline)).toBeNull();
  });

  test("received twice are stored once", () => {
    const once = withLive(loaded([1]), message(2));
    expect(withLive(once, message(2))).toBe(once);
  });

  test("out of order are sorted and the gap closes", () => {
    const ahead = withLive(loaded([1]), message(3));
    expect(gap(ahead)).toBe(1);
    const whole = withLive(ahead, message(2));
    expect(seqs(whole)).toEqual([1, 2, 3]);
    expect(gap(whole)).toBeNull();
    expect(whole.settled).toBe(3);
  });

  test("received in any order end in the same order", () => {
    for (const order of [
      [2, 3, 4, 5],
      [5, 4, 3, 2],
      [3, 2, 5, 4],
      [4, 4, 2, 3, 5, 2],
    ]) {
      const timeline = order.reduce((known, seq) => withLive(known, message(seq)), loaded([1]));
      expect(seqs(timeline)).toEqual([1, 2, 3, 4, 5]);
    }
  });

  test("of an empty channel start at 1: receiving 2 first is a gap", () => {
    expect(gap(withLive(loaded([]), message(2)))).toBe(0);
    expect(gap(withLive(loaded([]), message(1)))).toBeNull();
  });

  test("received twice while the window loads keep what has changed since", () => {
    const changed = updateMessage(withLive(emptyTimeline, message(2)), 2, (m) => ({ ...m, text: "changed" }));
    expect(withLive(changed, message(2)).arrived[0]?.text).toBe("changed");
  });

  test("are not added to a window that ends before the newest message", () => {
    const past = loaded([10, 11], { hasEarlier: true, hasLater: true });
    expect(withLive(past, message(99))).toBe(past);
  });

  test("older than the window are not added", () => {
    const timeline = loaded([10, 11], { hasEarlier: true, hasLater: false });
    expect(withLive(timeline, message(3))).toBe(timeline);
  });
});

describe("holes", () => {
  test("between fetched messages are no gap", () => {
    const timeline = withLater(withLive(loaded([1]), message(4)), page([3, 4]));
    expect(seqs(timeline)).toEqual([1, 3, 4]);
    expect(gap(timeline)).toBeNull();
  });

  test("above the last fetched message are still a gap", () => {
    const timeline = withLater(withLive(loaded([1]), message(9)), page([2, 3]));
    expect(gap(timeline)).toBe(3);
    expect(gap(skipped(timeline))).toBeNull();
  });
});

describe("pages", () => {
  test("of earlier messages are prepended and may overlap", () => {
    const timeline = withEarlier(
      loaded([5, 6], { hasEarlier: true, hasLater: false }),
      page([3, 4, 5], true),
    );
    expect(seqs(timeline)).toEqual([3, 4, 5, 6]);
    expect(timeline.hasEarlier).toBe(true);
  });

  test("of later messages connect to the live stream", () => {
    const timeline = withLater(loaded([1, 2], { hasEarlier: false, hasLater: true }), page([3, 4]));
    expect(timeline.hasLater).toBe(false);
    expect(timeline.settled).toBe(4);
  });

  test("fetched again update edited messages", () => {
    const timeline = withLater(loaded([1, 2]), {
      items: [message(2, { text: "edited" })],
      hasMore: false,
      searchedTo: null,
    });
    expect(timeline.messages[1]?.text).toBe("edited");
  });

  describe("fetched again", () => {
    const later = (timeline: Timeline, more: Partial<Message>) =>
      withLater(timeline, { items: [message(2, more)], hasMore: false, searchedTo: null }).messages[1];
    const edited = (second: number) => ({
      text: `edited at ${second}`,
      mentions: ["alice"],
      editedAt: `2026-01-01T13:00:0${second}.000Z`,
    });
    const deleted = { text: "", deletedAt: "2026-01-01T13:00:05.000Z", deletedBy: bob.userId };
    const reactions = [{ emoji: "🎉", userIds: [bob.userId] }];
    const known = (more: Partial<Message>) => updateMessage(loaded([1, 2]), 2, (m) => ({ ...m, ...more }));

    test("do not undo a deletion or an edit that is newer", () => {
      expect(later(known(deleted), edited(1))).toMatchObject(deleted);
      expect(later(known(edited(2)), { ...edited(1), reactions })).toMatchObject({ ...edited(2), reactions });
    });

    test("bring what is newer, and the reactions as they are now", () => {
      expect(later(known(edited(1)), edited(2))).toMatchObject(edited(2));
      expect(later(known(edited(1)), deleted)).toMatchObject(deleted);
      expect(later(known({ reactions }), {})).toMatchObject({ reactions: [] });
      expect(later(known({ ...deleted, unreadable: true }), {})).toMatchObject({
        text: "text 2",
        deletedAt: null,
      });
    });
  });
});

test("a change to a message that is not loaded changes nothing", () => {
  const timeline = loaded([1, 2]);
  expect(updateMessage(timeline, 7, (m) => ({ ...m, text: "x" }))).toBe(timeline);
});

test("a window that grew too long by live messages drops the oldest", () => {
  const timeline = trim(loaded(Array.from({ length: 30 }, (_, index) => index + 1)), 20, 10);
  expect(seqs(timeline)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
  expect(timeline.hasEarlier).toBe(true);
});

test("a window that ends at its last settled message continues with a page", () => {
  const timeline = ended(withLive(loaded([1, 2]), message(4)));
  expect([seqs(timeline), timeline.hasLater, gap(timeline)]).toEqual([[1, 2], true, null]);
  expect(seqs(withLater(timeline, page([3, 4])))).toEqual([1, 2, 3, 4]);
});

describe("everything is read", () => {
  const window = loaded([4, 5], { hasEarlier: true, hasLater: false });
  const read = (timeline: Timeline, readSeq: number, lastSeq: number) =>
    isRead(timeline, { readSeq, lastSeq }, "u-alice");

  test("if no message after the marker is unread, and what is missing has been searched for", () => {
    expect(read(window, 5, 7)).toBe(false);
    expect(read(searched(window, 7), 5, 7)).toBe(true);
    expect(read(searched(window, 7), 5, 8)).toBe(false);
    expect(read(searched(window, 7), 4, 7)).toBe(false);
  });

  test("but not if the window lacks messages after the marker", () => {
    expect(read(searched(window, 7), 2, 7)).toBe(false);
    expect(read({ ...searched(window, 7), hasLater: true }, 5, 7)).toBe(false);
    expect(read({ ...searched(window, 7), loading: "all" }, 5, 7)).toBe(false);
  });

  test("and a message that arrives after the search is unread", () => {
    const late = withLive(searched(window, 7), message(7));
    expect(seqs(late)).toEqual([4, 5, 7]);
    expect(read(late, 5, 7)).toBe(false);
    expect(skipped(late).settled).toBe(7);
  });
});
