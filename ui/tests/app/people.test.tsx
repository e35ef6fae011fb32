// @vitest-environment happy-dom
/** Presence, typing, channels, members and direct messages. */
import { act, screen, within } from "@testing-library/react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test, vi } from "vitest";
import type { User } from "../../src/core/contract";
import { navigate } from "../../src/core/router";
import { MAX_LIVE_MEMBERS } from "../../src/core/state/presence";
import { Icon } from "../../src/kit/Icon";
import {
  advance,
  channelLink,
  click,
  composer,
  deliveryState,
  log,
  openChat,
  pressKeys,
  reload,
  sendMessage,
  server,
  setUpChat,
  sidebar,
  texts,
  user,
} from "../support/chatPage";
import { ALICE, errorFrame, errorResponse, type FakeChannel } from "../support/fakeServer";

setUpChat();

const person = (name: string) =>
  within(screen.getByRole("list", { name: "People" })).getByRole("button", {
    name: new RegExp(`${name} ?, (online|offline)$`),
  });
const head = () => document.querySelector(".ChannelHeader_head")?.textContent;
const dialog = (name: string) => within(screen.getByRole("dialog", { name }));
/** Only a toast of the kind "done" has a tick. */
const toast = (text: string) => {
  const { dataset, innerHTML } = screen.getByText(text).closest<HTMLElement>("[data-kind]") ?? document.body;
  const tick = renderToStaticMarkup(<Icon name="check" size={18} />);
  expect(innerHTML.includes(/d="[^"]*"/.exec(tick)?.[0] ?? "?")).toBe(dataset.kind === "done");
  return dataset.kind;
};
/** The next such request gets its response when the result is called: that of the server, or this one. */
function holdRequest(method: string, path: string): (response?: Response) => Promise<void> {
  let answer: ((response: Response | null) => void) | undefined;
  const held = new Promise<Response | null>((resolve) => {
    answer = resolve;
  });
  server.intercept = (itsMethod, itsPath) => {
    if (itsMethod !== method || itsPath !== path) return null;
    server.intercept = () => null;
    return held;
  };
  return async (response) => {
    answer?.(response ?? null);
    await advance();
  };
}
/** Close the dialog while the channel "tea" is created; the result answers the request. */
async function closeWhileCreating(): Promise<(response?: Response) => Promise<void>> {
  await openChat();
  await click(screen.getByRole("button", { name: "Create channel" }));
  await user.keyboard("tea");
  const answer = holdRequest("POST", "/api/channels");
  await click(dialog("Create a channel").getByRole("button", { name: "Create" }));
  await click(dialog("Create a channel").getByRole("button", { name: /^Creat/ }));
  await click(dialog("Create a channel").getByRole("button", { name: "Cancel" }));
  return answer;
}
/** Close the dialog while the channel "tea" is joined; the result answers the request. */
async function closeWhileJoining(): Promise<(response?: Response) => Promise<void>> {
  const tea = server.add("tea", ["u-bob"], "public");
  await openChat();
  await click(screen.getByRole("button", { name: "Browse channels" }));
  const answer = holdRequest("PUT", `/api/channels/${tea.channelId}/members/me`);
  await click(dialog("Browse channels").getByRole("button", { name: "Join tea" }));
  await click(dialog("Browse channels").getByRole("button", { name: "Close" }));
  return answer;
}
const refused = () => errorResponse("FORBIDDEN", "The channel is closed just now.", 403);
const hasLink = (name: string) => sidebar().queryByRole("link", { name: new RegExp(`^${name}`) }) !== null;

test("the time last seen is shown again every minute", async () => {
  await openChat();
  await click(person("bob"));
  server.presence("u-bob", "offline");
  await advance();
  expect(head()).toContain("last seen just now");
  await advance(121_000);
  expect(head()).toContain("last seen 2 minutes ago");
});

test("the time last seen is shown again, also if a timer fires before it is due", async () => {
  await openChat();
  await click(person("bob"));
  server.presence("u-bob", "offline");
  await advance();
  // The clock is set back: the timer fires while the minute has not passed.
  vi.setSystemTime(Date.now() - 5);
  await advance(121_000);
  expect(head()).toContain("last seen 2 minutes ago");
});

test("presence changes are shown, with the time last seen", async () => {
  await openChat();
  expect(person("bob").textContent).toMatch(/online$/);
  await click(person("bob"));
  expect(head()).toContain("online");
  server.presence("u-bob", "offline");
  await advance();
  expect(head()).toContain("last seen just now");
  expect(channelLink("bob").textContent).toMatch(/offline$/);
  expect(person("bob").textContent).toMatch(/offline$/);
  server.presence("u-bob", "online");
  await advance();
  expect(head()).toContain("online");
});

describe("typing", () => {
  const line = () => document.querySelector(".TypingIndicator_typing")?.textContent;

  test("by one, two and several users is shown, and ends with a message or a timeout", async () => {
    const chatter = server.add("chatter", ["u-bob", "u-carol", "u-dave", ALICE]);
    await openChat(`/c/${chatter.channelId}`);
    server.typing(chatter, "u-bob");
    await advance();
    expect(line()).toBe("bob is typing");
    server.typing(chatter, "u-carol");
    await advance();
    expect(line()).toBe("bob and carol are typing");
    server.typing(chatter, "u-dave");
    await advance();
    expect(line()).toBe("Several people are typing");
    server.postMessage(chatter, "u-carol", "done");
    await advance();
    expect(line()).toBe("bob and dave are typing");
    await advance(11_000);
    expect(line()).toBe("");
    expect(texts()).toEqual(["done"]);
  });

  test("does not start again with a frame that is older than the user's message", async () => {
    await openChat();
    server.hold("typing");
    server.typing(server.general, "u-bob");
    await advance(100);
    server.postMessage(server.general, "u-bob", "done");
    await advance();
    server.release("typing");
    await advance();
    expect(line()).toBe("");
    server.outgoing = (frame) => [frame];
    server.typing(server.general, "u-bob");
    await advance();
    expect(line()).toBe("bob is typing");
  });

  test("is sent every few seconds while the user types, and not shown to the user", async () => {
    await openChat();
    await user.type(composer(), "hello");
    server.typing(server.general, ALICE);
    await advance();
    expect(server.sent).toEqual([{ action: "startTyping", channelId: "general" }]);
    expect(line()).toBe("");
    await advance(4_000);
    await user.type(composer(), " there");
    await advance();
    expect(server.sent).toHaveLength(2);
  });

  test("is not sent to a large channel, which does not show it", async () => {
    server.general.otherMembers = MAX_LIVE_MEMBERS;
    await openChat();
    await user.type(composer(), "hello");
    await advance(4_000);
    expect(server.sent).toEqual([]);
  });

  test("that the server refuses shows nothing", async () => {
    server.answer = (frame) => errorFrame("RATE_LIMITED", "Slow down.", frame);
    await openChat();
    await user.type(composer(), "hello");
    await advance();
    expect(server.sent).toHaveLength(1);
    expect(document.querySelector("[data-kind]")).toBeNull();
  });

  test("in another channel is not shown", async () => {
    const elsewhere = server.add("elsewhere", ["u-bob", ALICE]);
    await openChat();
    server.typing(elsewhere, "u-bob");
    await advance();
    expect(line()).toBe("");
  });
});

describe("a public channel", () => {
  test("is created with a name, and its creator is a member", async () => {
    await openChat();
    await click(screen.getByRole("button", { name: "Create channel" }));
    const making = dialog("Create a channel");
    expect(document.activeElement).toBe(making.getByRole("textbox", { name: /^Name/ }));
    await user.keyboard("tea");
    await click(making.getByRole("button", { name: "Create" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(screen.getByRole("log", { name: "Messages in tea" })).toBeTruthy();
    expect(log().textContent).toContain("No messages yet. Anyone can find and join this channel.");
    const made = server.channels.get("c-tea") as FakeChannel;
    server.join(made, "u-bob");
    server.postMessage(made, "u-bob", "is there tea?");
    await advance();
    expect(texts()).toEqual(["is there tea?"]);
    expect(screen.getByRole("button", { name: "Members, 2" })).toBeTruthy();
  });

  test("is not what is created if the user wants a private one", async () => {
    await openChat();
    await click(screen.getByRole("button", { name: "Create channel" }));
    await user.keyboard("tea");
    await click(dialog("Create a channel").getByRole("radio", { name: /^Private/ }));
    await click(dialog("Create a channel").getByRole("button", { name: "Create" }));
    expect(server.channels.get("c-tea")?.kind).toBe("private");
    expect(log().textContent).toContain("Only its members can find and read this channel.");
  });

  test("is created after its dialog was closed, and the user stays where they are", async () => {
    const answer = await closeWhileCreating();
    await click(screen.getByRole("button", { name: "You and settings" }));
    await answer();
    expect(hasLink("tea")).toBe(true);
    expect(server.requests.filter((request) => request === "POST /api/channels")).toHaveLength(1);
    expect(location.pathname).toBe("/c/general");
    expect(screen.getByRole("dialog", { name: "You and settings" })).toBeTruthy();
  });

  test("is joined after its dialog was closed, and the user stays where they are", async () => {
    const answer = await closeWhileJoining();
    await click(screen.getByRole("button", { name: "You and settings" }));
    await answer();
    expect(hasLink("tea")).toBe(true);
    expect(location.pathname).toBe("/c/general");
    expect(screen.getByRole("dialog", { name: "You and settings" })).toBeTruthy();
  });

  test("that is not created after its dialog was closed is said in a toast", async () => {
    const answer = await closeWhileCreating();
    await answer(refused());
    expect(toast("The channel is closed just now.")).toBe("error");
  });

  test("that is not joined after its dialog was closed is said in a toast", async () => {
    const answer = await closeWhileJoining();
    await answer(refused());
    expect(toast("The channel is closed just now.")).toBe("error");
  });

  test("is asked for once, and the button keeps the focus while it is", async () => {
    const tea = server.add("tea", ["u-bob"], "public");
    await openChat(`/c/${tea.channelId}`);
    const path = `/api/channels/${tea.channelId}/members/me`;
    const answer = holdRequest("PUT", path);
    const join = screen.getByRole("button", { name: "Join" });
    await click(join);
    await click(join);
    expect(document.activeElement).toBe(join);
    expect(join.getAttribute("aria-disabled")).toBe("true");
    await answer(refused());
    expect(server.requests.filter((request) => request === `PUT ${path}`)).toHaveLength(1);
    expect(join.getAttribute("aria-disabled")).toBe("false");
  });

  test("is found in the directory and joined", async () => {
    const tea = server.add("tea", ["u-bob"], "public");
    server.add("secret", ["u-bob"], "private");
    await openChat();
    await click(screen.getByRole("button", { name: "Browse channels" }));
    const browsing = dialog("Browse channels");
    expect(browsing.getAllByRole("listitem")).toHaveLength(1);
    await user.type(browsing.getByRole("searchbox", { name: "Filter channels" }), "coffee");
    expect(browsing.getByText("No channels match.")).toBeTruthy();
    await user.clear(browsing.getByRole("searchbox"));
    const answer = holdRequest("PUT", `/api/channels/${tea.channelId}/members/me`);
    await click(browsing.getByRole("button", { name: "Join tea" }));
    expect(browsing.getByRole("button", { name: "Join tea" }).getAttribute("aria-disabled")).toBe("true");
    await answer(refused());
    expect(browsing.getByRole("alert").textContent).toContain("The channel is closed just now.");
    await click(browsing.getByRole("button", { name: "Join tea" }));
    expect(screen.getByRole("log", { name: "Messages in tea" })).toBeTruthy();
    expect(hasLink("tea")).toBe(true);
    await sendMessage("is there tea?");
    await advance();
    expect(tea.log.map(({ text }) => text)).toEqual(["is there tea?"]);
  });

  test("is found on every page of the list, by its name", async () => {
    server.discoverPage = 2;
    server.add("coffee", [ALICE], "public");
    server.add("tea", ["u-bob"], "public");
    for (const number of [1, 2, 3, 4, 5]) server.add(`milk ${number}`, ["u-bob"], "public");
    server.add("zebra", ["u-bob"], "public");
    await openChat();
    await click(screen.getByRole("button", { name: "Browse channels" }));
    const browsing = dialog("Browse channels");
    const listed = () =>
      browsing.queryAllByRole("listitem").map((item) => item.querySelector("bdi")?.textContent);
    // All of the first page are joined already.
    expect(listed()).toEqual(["tea", "milk 1"]);
    await click(browsing.getByRole("button", { name: "Show more" }));
    expect(listed()).toEqual(["tea", "milk 1", "milk 2", "milk 3"]);
    await user.type(browsing.getByRole("searchbox", { name: "Filter channels" }), "zebra");
    await advance();
    expect(listed()).toEqual(["zebra"]);
    expect(browsing.queryByRole("button", { name: "Show more" })).toBeNull();
    await user.type(browsing.getByRole("searchbox"), "s");
    expect(browsing.getByText("No channels match.")).toBeTruthy();
  });

  test("is listed after another try", async () => {
    server.discoverPage = 2;
    server.add("coffee", [ALICE], "public");
    server.add("tea", ["u-bob"], "public");
    server.add("milk", ["u-bob"], "public");
    await openChat();
    server.reachable = false;
    await click(screen.getByRole("button", { name: "Browse channels" }));
    const browsing = dialog("Browse channels");
    await advance(20_000);
    expect(browsing.getByRole("alert")).toBeTruthy();
    expect(browsing.queryByRole("listitem")).toBeNull();
    expect(browsing.queryByText("You are a member of every public channel.")).toBeNull();
    server.reachable = true;
    await click(browsing.getByRole("button", { name: "Try again" }));
    expect(browsing.getAllByRole("listitem")).toHaveLength(2);
    expect(browsing.queryByRole("alert")).toBeNull();
  });

  test('opened by link is shown with a "Join" button', async () => {
    const open = server.add("open", ["u-bob"], "public");
    await openChat(`/c/${open.channelId}`);
    expect(screen.getByText(/Join it to read and write\./)).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
    expect(screen.queryByRole("textbox", { name: "Message" })).toBeNull();
    expect(screen.getByText("Anyone can find and join this channel.")).toBeTruthy();
    await click(screen.getByRole("button", { name: "Join" }));
    await sendMessage("made it");
    await advance();
    expect(deliveryState("made it")).toBe("Delivered");
  });
});

describe("a public channel of which the user is not a member", () => {
  const panels = () => screen.queryAllByRole("complementary");

  test("offers nothing that only members can do", async () => {
    const open = server.add("open", ["u-bob"], "public");
    await openChat(`/c/${open.channelId}`);
    expect(head()).toBe("open1 member");
    expect(screen.queryByRole("button", { name: "Search in this channel" })).toBeNull();
    await pressKeys("{Control>}{Shift>}f{/Shift}{/Control}");
    expect(panels()).toEqual([]);
    await click(screen.getByRole("button", { name: "Join" }));
    expect(panels()).toEqual([]);
    await click(screen.getByRole("button", { name: "Members, 2" }));
    expect(panels()).toHaveLength(1);
  });

  test("does not show the side panel of the channel before", async () => {
    const open = server.add("open", ["u-bob"], "public");
    await openChat();
    await click(screen.getByRole("button", { name: "Members, 2" }));
    act(() => navigate(`/c/${open.channelId}`));
    await advance();
    expect(panels()).toEqual([]);
    expect(server.requests).not.toContain(`GET /api/channels/${open.channelId}/members`);
    await click(channelLink("general"));
    expect(panels()).toHaveLength(1);
  });
});

describe("a private channel", () => {
  test("opened by link is not found", async () => {
    const closed = server.add("closed", ["u-bob"]);
    await openChat(`/c/${closed.channelId}`);
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Channel not found");
    expect(document.querySelector("[data-kind]")).toBeNull();
  });

  test("members add others, and the owner removes them", async () => {
    const secret = server.add("secret", [ALICE]);
    await openChat(`/c/${secret.channelId}`);
    await click(screen.getByRole("button", { name: "Members, 1" }));
    await click(screen.getByRole("button", { name: "Add people" }));
    const adding = dialog("Add people");
    await user.type(adding.getByRole("searchbox", { name: "Find people" }), "bo");
    await click(adding.getByRole("button", { name: "Add bob" }));
    expect(toast("bob is now a member.")).toBe("done");
    expect([...secret.roles.keys()]).toEqual([ALICE, "u-bob"]);
    await click(adding.getByRole("button", { name: "Close" }));
    const members = within(screen.getByRole("list", { name: "Members of secret" }));
    expect(members.getAllByRole("listitem")).toHaveLength(2);
    expect(members.queryByRole("button", { name: "Remove alice" })).toBeNull();
    expect(screen.getByRole("button", { name: "Members, 2" })).toBeTruthy();
    await click(members.getByRole("button", { name: "Remove bob" }));
    await click(dialog("Remove bob?").getByRole("button", { name: "Remove" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(members.getAllByRole("listitem")).toHaveLength(1);
    expect([...secret.roles.keys()]).toEqual([ALICE]);
  });

  test("to which a person is not added after the dialog was closed: a toast says so", async () => {
    const secret = server.add("secret", [ALICE]);
    await openChat(`/c/${secret.channelId}`);
    await click(screen.getByRole("button", { name: "Members, 1" }));
    await click(screen.getByRole("button", { name: "Add people" }));
    const answer = holdRequest("PUT", `/api/channels/${secret.channelId}/members/u-bob`);
    await click(dialog("Add people").getByRole("button", { name: "Add bob" }));
    await click(dialog("Add people").getByRole("button", { name: "Close" }));
    await answer(refused());
    expect(toast("The channel is closed just now.")).toBe("error");
  });

  test("appears when the user is added and disappears when the user is removed", async () => {
    const secret = server.add("secret", ["u-bob"]);
    server.postMessage(secret, "u-bob", "for members only");
    await openChat();
    expect(hasLink("secret")).toBe(false);
    server.join(secret, ALICE, "u-bob");
    await advance();
    await click(channelLink("secret"));
    expect(texts()).toEqual(["for members only"]);
    server.leave(secret, ALICE, "u-bob");
    await advance();
    expect(toast("You are no longer a member of secret.")).toBe("info");
    expect(hasLink("secret")).toBe(false);
    expect(screen.getByRole("heading", { name: "Channel not found" })).toBeTruthy();
    expect(screen.queryByText("for members only")).toBeNull();
  });

  test("takes no sentence that is being typed to another channel when the user is removed", async () => {
    const secret = server.add("secret", ["u-bob", ALICE]);
    await openChat(`/c/${secret.channelId}`);
    await user.click(composer());
    await user.keyboard("the salaries ");
    server.leave(secret, ALICE, "u-bob");
    await advance();
    expect(document.activeElement).toBe(screen.getByRole("main"));
    await user.keyboard("are these{Enter}");
    await advance(2_000);
    expect(server.log).toEqual([]);
    await click(channelLink("general"));
    expect(composer().value).toBe("");
  });

  test("is left after a confirmation and disappears from the sidebar", async () => {
    const left = server.add("to be left", ["u-bob", ALICE]);
    await openChat(`/c/${left.channelId}`);
    await click(screen.getByRole("button", { name: "Members, 2" }));
    await click(screen.getByRole("button", { name: "Leave" }));
    expect(dialog("Leave to be left?").getByText("You can only return if a member adds you.")).toBeTruthy();
    await click(dialog("Leave to be left?").getByRole("button", { name: "Leave" }));
    expect(hasLink("to be left")).toBe(false);
    expect(composer()).toBeTruthy();
    expect([...left.roles.keys()]).toEqual(["u-bob"]);
  });

  test("gets a new owner when its owner leaves: a toast is shown, and the new owner removes others", async () => {
    const handed = server.add("handed on", ["u-bob", ALICE, "u-carol"]);
    await openChat(`/c/${handed.channelId}`);
    await click(screen.getByRole("button", { name: "Members, 3" }));
    const members = within(screen.getByRole("list", { name: "Members of handed on" }));
    expect(members.queryByRole("button", { name: "Remove carol" })).toBeNull();
    server.leave(handed, "u-bob");
    await advance();
    expect(screen.getByText("bob left handed on. You are now its owner.")).toBeTruthy();
    const me = members.getAllByRole("listitem").find((item) => item.textContent?.includes("you"));
    expect(me?.textContent).toContain("owner");
    await click(members.getByRole("button", { name: "Remove carol" }));
    await click(dialog("Remove carol?").getByRole("button", { name: "Remove" }));
    expect(members.getAllByRole("listitem")).toHaveLength(1);
  });

  test("an owner who leaves sees who becomes the owner", async () => {
    const mine = server.add("mine", [ALICE, "u-bob"]);
    await openChat(`/c/${mine.channelId}`);
    await click(screen.getByRole("button", { name: "Members, 2" }));
    await click(screen.getByRole("button", { name: "Leave" }));
    expect(screen.getByRole("dialog", { name: "Leave mine?" }).textContent).toContain(
      "The longest-standing member becomes the owner.",
    );
  });
});

describe("a direct message", () => {
  test("is one channel per pair of users, created once", async () => {
    await openChat();
    await click(person("bob"));
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("bob");
    expect(log().textContent).toContain("Only the two of you can read it.");
    await sendMessage("just between us");
    await advance();
    const address = location.pathname;
    await click(channelLink("general"));
    await pressKeys("{Control>}k{/Control}");
    await user.keyboard("bob");
    await pressKeys("{Enter}");
    expect(location.pathname).toBe(address);
    expect(texts()).toEqual(["just between us"]);
    await click(channelLink("general"));
    await click(person("bob"));
    expect(location.pathname).toBe(address);
    expect(server.requests.filter((request) => request === "POST /api/direct-messages")).toHaveLength(1);
  });

  test("that opens late does not take the user out of a channel opened meanwhile", async () => {
    server.add("elsewhere", [ALICE]);
    await openChat();
    const answer = holdRequest("POST", "/api/direct-messages");
    await click(person("bob"));
    await click(channelLink("elsewhere"));
    await user.keyboard("not for ");
    await answer();
    await user.keyboard("bob");
    expect(location.pathname).toBe("/c/c-elsewhere");
    expect(composer().value).toBe("not for bob");
    await click(channelLink("bob"));
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("bob");
  });

  test("is opened with the person who was chosen last, also if the other one is answered first", async () => {
    await openChat();
    const answerBob = holdRequest("POST", "/api/direct-messages");
    await click(person("bob"));
    const answerCarol = holdRequest("POST", "/api/direct-messages");
    await click(person("carol"));
    await answerBob();
    expect(location.pathname).toBe("/c/general");
    await answerCarol();
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("carol");
  });

  test("started by another user appears with the sender's name, unread", async () => {
    await openChat();
    const direct = server.add("direct carol", ["u-carol", ALICE], "direct");
    server.postMessage(direct, "u-carol", "psst");
    await advance(1_000);
    expect(channelLink("carol").textContent).toContain("1 unread");
    await click(channelLink("carol"));
    expect(texts()).toEqual(["psst"]);
  });
});

describe("a direct message that another user has opened without writing", () => {
  const listed = () => sidebar().queryByRole("heading", { name: "Direct messages" }) !== null;

  test("is not listed until a message arrives", async () => {
    const direct = server.add("direct carol", ["u-carol", ALICE], "direct");
    await openChat();
    expect(listed()).toBe(false);
    await pressKeys("{Alt>}{ArrowDown}{/Alt}");
    expect(location.pathname).toBe("/c/general");
    server.postMessage(direct, "u-carol", "psst");
    await advance();
    expect(channelLink("carol").textContent).toContain("1 unread");
  });

  test("is found by name, and listed while it is open or has a draft", async () => {
    const direct = server.add("direct carol", ["u-carol", ALICE], "direct");
    await openChat();
    await pressKeys("{Control>}k{/Control}");
    await user.keyboard("carol");
    await pressKeys("{Enter}");
    expect(location.pathname).toBe(`/c/${direct.channelId}`);
    expect(listed()).toBe(true);
    await click(channelLink("general"));
    expect(listed()).toBe(false);
    await click(person("carol"));
    expect(location.pathname).toBe(`/c/${direct.channelId}`);
    await user.type(composer(), "well, carol");
    await click(channelLink("general"));
    expect(listed()).toBe(true);
    await click(channelLink("carol"));
    await user.clear(composer());
    await click(channelLink("general"));
    expect(listed()).toBe(false);
  });

  test("is listed for who has opened it", async () => {
    await openChat();
    await click(person("bob"));
    await click(channelLink("general"));
    expect(listed()).toBe(true);
    await reload();
    expect(listed()).toBe(true);
  });
});

test("a user who is new is listed with the people, and with the members of a channel that they join", async () => {
  const arrive = async (username: string) => {
    const bob = server.people.get("u-bob") as User;
    const userId = `u-${username}`;
    server.people.set(userId, { ...bob, userId, username, displayName: username });
    server.join(server.general, userId);
    await advance();
  };
  await openChat();
  await arrive("erin");
  expect(person("erin")).toBeTruthy();
  await click(screen.getByRole("button", { name: "Members, 3" }));
  // Everyone is in #general.
  expect(screen.queryByRole("button", { name: "Leave" })).toBeNull();
  await arrive("frank");
  const members = within(screen.getByRole("list", { name: "Members of general" }));
  const names = members.getAllByRole("listitem").map((item) => item.querySelector("bdi")?.textContent);
  expect(names).toEqual(["alice", "bob", "erin", "frank"]);
});

test("a changed display name is shown immediately", async () => {
  await openChat();
  await click(screen.getByRole("button", { name: "You and settings" }));
  const name = screen.getByRole("textbox", { name: /^Name/ });
  await user.clear(name);
  await user.type(name, "Alice B.");
  await click(screen.getByRole("button", { name: "Save name" }));
  expect(screen.getByText("Your name was changed.")).toBeTruthy();
  expect(document.querySelector(".Sidebar_meName")?.textContent).toBe("Alice B.");
  expect(server.people.get(ALICE)?.displayName).toBe("Alice B.");
});

test("a display name that is not changed after the settings were closed: a toast says so", async () => {
  await openChat();
  await click(screen.getByRole("button", { name: "You and settings" }));
  await user.type(screen.getByRole("textbox", { name: /^Name/ }), " B.");
  const answer = holdRequest("PUT", "/api/me");
  await click(screen.getByRole("button", { name: "Save name" }));
  await click(dialog("You and settings").getByRole("button", { name: "Close" }));
  await answer(errorResponse("INVALID_REQUEST", "This name is taken.", 400));
  expect(toast("This name is taken.")).toBe("error");
});

test("an empty or unchanged display name is not sent", async () => {
  await openChat();
  await click(screen.getByRole("button", { name: "You and settings" }));
  const name = screen.getByRole("textbox", { name: /^Name/ });
  await user.click(name);
  await pressKeys("{Enter}");
  expect(screen.queryByRole("alert")).toBeNull();
  for (const empty of ["", "  ", "\u200b"]) {
    await user.clear(name);
    await user.paste(empty);
    expect(screen.queryByRole("alert")).toBeNull();
    await pressKeys("{Enter}");
    expect(screen.getByRole("alert").textContent).toBe("Enter a name.");
    expect(name.getAttribute("aria-invalid")).toBe("true");
  }
  expect(server.requests).not.toContain("PUT /api/me");
});

test("the members of a large channel are requested again while they are shown, for their presence", async () => {
  const large = server.add("large", [ALICE, "u-bob"]);
  large.otherMembers = MAX_LIVE_MEMBERS;
  await openChat(`/c/${large.channelId}`);
  await click(screen.getByRole("button", { name: `Members, ${MAX_LIVE_MEMBERS + 2}` }));
  const bob = () =>
    within(screen.getByRole("list", { name: "Members of large" }))
      .getByText(/bob/)
      .closest("li")?.textContent;
  const requests = () => server.requests.filter((request) => request.endsWith("/members")).length;
  expect(bob()).toContain("online");
  const before = requests();
  server.people.set("u-bob", { ...(server.people.get("u-bob") as User), status: "offline" });
  await advance(61_000);
  expect(requests()).toBe(before + 1);
  expect(bob()).not.toContain("online");
  await click(screen.getByRole("button", { name: `Members, ${MAX_LIVE_MEMBERS + 2}` }));
  await advance(120_000);
  expect(requests()).toBe(before + 1);
});

test("the members of a small channel are not requested again", async () => {
  const small = server.add("small", [ALICE, "u-bob"]);
  await openChat(`/c/${small.channelId}`);
  await click(screen.getByRole("button", { name: "Members, 2" }));
  await advance(120_000);
  expect(server.requests.filter((request) => request.endsWith("/members"))).toHaveLength(1);
});

describe("two users with the same name", () => {
  test("are shown with their usernames, everywhere", async () => {
    for (const [userId, displayName] of [
      ["u-bob", "Bob"],
      ["u-carol", "B\u200bob"],
    ] as const)
      server.people.set(userId, { ...(server.people.get(userId) as User), displayName });
    server.join(server.general, "u-carol");
    server.postMessage(server.general, "u-bob", "hello @carol");
    await openChat();
    expect(person("Bob \\(@bob\\)")).toBeTruthy();
    expect(log().querySelector(".MessageRow_name")?.textContent).toBe("Bob (@bob)");
    expect(log().querySelector(".Markdown_mention")?.textContent).toBe("@Bob (@carol)");
    server.typing(server.general, "u-carol");
    await advance();
    expect(document.querySelector(".TypingIndicator_text")?.textContent).toBe("Bob (@carol) is typing");
    await click(screen.getByRole("button", { name: "Members, 3" }));
    expect(screen.getByRole("button", { name: "Message Bob (@carol)" })).toBeTruthy();
    await click(person("Bob \\(@carol\\)"));
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Bob (@carol)");
    const secret = server.add("secret", [ALICE]);
    server.join(secret, ALICE);
    await advance();
    await click(channelLink("secret"));
    await click(screen.getByRole("button", { name: "Add people" }));
    await click(dialog("Add people").getByRole("button", { name: "Add Bob (@carol)" }));
    expect(toast("Bob (@carol) is now a member.")).toBe("done");
    expect([...secret.roles.keys()]).toEqual([ALICE, "u-carol"]);
  });
});

describe("a thousand people", () => {
  const count = 1_000;
  const join = (channel: FakeChannel) => {
    for (let index = 0; index < count; index += 1) {
      const userId = `u-${index}`;
      const displayName = `Person ${String(index).padStart(3, "0")}`;
      server.people.set(userId, {
        userId,
        username: `p${index}`,
        displayName,
        status: "offline",
        lastSeenAt: null,
      });
      channel.roles.set(userId, "member");
    }
  };

  test("a presence frame renders the person it concerns, and no other", async () => {
    join(server.general);
    await openChat();
    const items = () => screen.getByRole("list", { name: "People" }).querySelectorAll("li");
    expect(items().length).toBe(40);
    // Each avatar that is rendered takes the first letter of a name.
    const segment = vi.spyOn(Intl.Segmenter.prototype, "segment");
    server.presence("u-20", "online");
    await advance(100);
    expect(items()[3]?.textContent).toContain("Person 020");
    expect(segment.mock.calls.length).toBeLessThan(8);
  });

  test("a presence frame renders the member it concerns, and no other, also while people are added", async () => {
    join(server.general);
    for (let index = 0; index < 100; index += 1) server.general.roles.delete(`u-${index}`);
    const all = server.add("all hands", [ALICE]);
    for (let index = 0; index < 100; index += 1) all.roles.set(`u-${index}`, "member");
    await openChat(`/c/${all.channelId}`);
    await click(screen.getByRole("button", { name: "Members, 101" }));
    await click(screen.getByRole("button", { name: "Add people" }));
    const first = () =>
      screen.getByRole("list", { name: "Members of all hands" }).querySelectorAll("li")[1]?.textContent;
    expect(first()).toContain("Person 000");
    const segment = vi.spyOn(Intl.Segmenter.prototype, "segment");
    const compare = vi.spyOn(Intl.Collator.prototype, "compare", "get");
    server.presence("u-20", "online");
    await advance(100);
    expect(first()).toContain("Person 020");
    expect(segment.mock.calls.length).toBeLessThan(8);
    expect(compare).not.toHaveBeenCalled();
  });

  test("are a windowed list of members", async () => {
    join(server.general);
    await openChat();
    await click(screen.getByRole("button", { name: "Members, 1002" }));
    const list = screen.getByRole("list", { name: "Members of general" });
    expect(within(list).getAllByRole("listitem").length).toBeGreaterThan(5);
    expect(within(list).getAllByRole("listitem").length).toBeLessThan(60);
  });
});
