// @vitest-environment happy-dom
/** A chat that could not start is followed by another: responses to the first one come too late. */
import { expect, test } from "vitest";
import { advance, chat, closePage, openChat, server, setUpChat, texts } from "../support/chatPage";

setUpChat();

test("messages that were requested before the chat started again replace nothing", async () => {
  const before = server.storeMessage("u-bob", "before");
  let respond: () => void = () => undefined;
  server.intercept = (_method, path) =>
    path.includes("/messages")
      ? new Promise((resolve) => {
          const page = JSON.stringify({ items: [before], hasMore: false, searchedTo: null });
          respond = () => resolve(new Response(page));
        })
      : null;
  await openChat();
  const first = chat;
  closePage();
  server.intercept = () => null;
  await openChat();
  expect(chat).not.toBe(first);
  server.postMessage(server.general, "u-bob", "after");
  await advance();
  expect(texts()).toEqual(["before", "after"]);
  respond();
  await advance();
  expect(texts()).toEqual(["before", "after"]);
});
