/** The list of the user's channels, requested while channels are created, joined and left. */
import { beforeEach, expect, test } from "vitest";
import type { Api } from "../../../src/core/api/api";
import { ApiError, type FailureCode } from "../../../src/core/api/errors";
import { Channels, removeChannel, storeChannel } from "../../../src/core/chat/channels";
import type { Channel } from "../../../src/core/contract";
import { currentRoute } from "../../../src/core/router";
import { change, store } from "../../../src/core/state/store";
import { channel, stateWith } from "../../support/messages";

const known = (channelId: string, more: Partial<Channel> = {}) =>
  channel({ channelId, name: channelId, ...more });
const shown = () => Object.keys(store.getState().channels).sort();

let respond: (items: Channel[], more?: { cursor?: string; unreadable?: number }) => void;
let fail: () => void;
let mentionsRequested: number;
/** Why a channel cannot be loaded. */
let failure: FailureCode;
let channels: Channels;

beforeEach(() => {
  change(() => stateWith({ channels: { general: known("general"), tea: known("tea") } }));
  mentionsRequested = 0;
  const api = {
    channels: () =>
      new Promise((resolve, reject) => {
        respond = (items, more) => resolve({ items, cursor: null, unreadable: 0, ...more });
        fail = () => reject(new ApiError("UNREACHABLE", "The server cannot be reached."));
      }),
    channel: async () => {
      throw new ApiError(failure, "");
    },
    mentions: async () => {
      mentionsRequested += 1;
      return { items: [] };
    },
  };
  channels = new Channels(api as unknown as Api, () => undefined);
});

test("a channel that is no longer listed is removed, and a new one is added", async () => {
  const loaded = channels.load();
  respond([known("general"), known("coffee")]);
  await loaded;
  expect(shown()).toEqual(["coffee", "general"]);
});

test("a list of several pages is complete, with the number of channels that cannot be shown", async () => {
  const loaded = channels.load();
  respond([known("coffee")], { cursor: "2", unreadable: 1 });
  await Promise.resolve();
  respond([known("general"), known("tea")], { unreadable: 2 });
  await loaded;
  expect(shown()).toEqual(["coffee", "general", "tea"]);
  expect(store.getState().unreadableChannels).toBe(3);
});

test("a list that is not answered leaves the one that is shown", async () => {
  const first = channels.load();
  respond([known("general"), known("tea")]);
  await first;
  const second = channels.load();
  fail();
  await second;
  expect(shown()).toEqual(["general", "tea"]);
  expect(store.getState().channelsProgress).toBe("ready");
});

test.each([
  [0, 0],
  [2, 1],
])("with %i unread messages, mentions are requested %i times", async (unread, times) => {
  const loaded = channels.load();
  respond([known("general", { lastSeq: 2, readSeq: 2 - unread, unread }), known("tea")]);
  await loaded;
  expect(mentionsRequested).toBe(times);
});

test("a channel that was created or joined during the request stays", async () => {
  change((state) => ({ ...state, channels: { ...state.channels, seen: known("seen", { role: null }) } }));
  const loaded = channels.load();
  storeChannel(known("created"));
  storeChannel(known("seen"));
  respond([known("general"), known("tea")]);
  await loaded;
  expect(shown()).toEqual(["created", "general", "seen", "tea"]);
});

test("a channel that was left during the request does not come back", async () => {
  const loaded = channels.load();
  removeChannel("tea");
  respond([known("general"), known("tea")]);
  await loaded;
  expect(shown()).toEqual(["general"]);
});

test("a list that arrives after the chat has stopped changes nothing", async () => {
  const loaded = channels.load();
  channels.stop();
  respond([known("coffee")]);
  await loaded;
  expect(shown()).toEqual(["general", "tea"]);
});

test("an answer that is older than frames lowers neither the last seq nor the read marker", () => {
  storeChannel(known("general", { lastSeq: 7, readSeq: 5 }));
  storeChannel(known("general", { lastSeq: 6, readSeq: 4, name: "renamed" }));
  expect(store.getState().channels.general).toMatchObject({
    name: "renamed",
    lastSeq: 7,
    readSeq: 5,
    unread: 2,
  });
});

test.each<[FailureCode, string[]]>([
  ["NOT_FOUND", ["general"]],
  ["NOT_A_MEMBER", ["general"]],
  ["UNREACHABLE", ["general", "tea"]],
])("a channel that is read again and answered with %s leaves %j", async (code, left) => {
  failure = code;
  const before = currentRoute();
  await channels.refresh("tea");
  expect(shown()).toEqual(left);
  // The user stays in the other channel.
  expect(currentRoute()).toBe(before);
});
