import { describe, expect, test } from "vitest";
import { parseRoute } from "../../src/core/router";

describe("routes", () => {
  test.each([
    ["/", { page: "home" }],
    ["/c/general", { page: "channel", channelId: "general", seq: null }],
    ["/c/general/42", { page: "channel", channelId: "general", seq: 42 }],
    ["/c/general/42/", { page: "channel", channelId: "general", seq: 42 }],
    ["/c/a%20b", { page: "home" }],
    ["/c/general/x", { page: "home" }],
    ["/elsewhere", { page: "home" }],
  ])("%s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });
});
