/** The list of the user's channels, requested while channels are created, joined and left. */
import { beforeEach, expect, test } from "vitest";
import type { Api } from "../../../src/core/api/api";
import { Channels, removeChannel, storeChannel } from "../../../src/core/chat/channels";
import type { Channel } from "../../../src/core/contract";
import { change, store } from "../../../src/core/state/store";
import { channel, stateWith } from "../../support/messages";

const known = (channelId: string, more: Partial<Channel> = {}) =>
  channel({ channelId, name: channelId, ...more });
const shown = () => Object.keys(store.getState().channels).sort();

let respond: (items: Channel[]) => void;
let channels: Channels;

beforeEach(() => {
  change(() => stateWith({ channels: { general: known("general"), tea: known("tea") } }));
  const api = {
    channels: () =>
      new Promise((resolve) => {
        respond = (items) => resolve({ items, cursor: null, unreadable: 0 });
      }),
  };
  channels = new Channels(api as unknown as Api, () => undefined);
});

test("a channel that is no longer listed is removed, and a new one is added", async () => {
  const loaded = channels.load();
  respond([known("general"), known("coffee")]);
  await loaded;
  expect(shown()).toEqual(["coffee", "general"]);
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
