import { describe, expect, test } from "vitest";
import { findUrls, unnamedHost } from "../../../src/core/text/links";

const found = (text: string) => findUrls(text).map(({ start, end }) => text.slice(start, end));

describe("a URL ends before the punctuation of its sentence", () => {
  test.each([
    ["“https://example.com”", "https://example.com"],
    ["«https://example.com/a»", "https://example.com/a"],
    ["„https://example.com/a“", "https://example.com/a"],
    ["‘https://example.com/a’", "https://example.com/a"],
    ["see https://example.com/a.", "https://example.com/a"],
    ["see https://example.com/a?!", "https://example.com/a"],
    ["(https://example.com/a)", "https://example.com/a"],
    ["[https://example.com/a](x)", "https://example.com/a"],
    ["https://example.com。次", "https://example.com"],
    ["https://example.com/a。次", "https://example.com/a"],
    ["https://example.com/a、b", "https://example.com/a"],
    ["（https://example.com/a）", "https://example.com/a"],
    ["「https://example.com/a」", "https://example.com/a"],
    ["https://example.com/a؟", "https://example.com/a"],
    ["https://example.com/a، ثم", "https://example.com/a"],
    ["https://example.com/a।", "https://example.com/a"],
    ["https://example.com/a…", "https://example.com/a"],
    ["https://example.com—and", "https://example.com"],
    ["https://example.comです", "https://example.com"],
    ["見てhttps://example.com/a", "https://example.com/a"],
    ["שלוםhttps://example.com/a", "https://example.com/a"],
    ["*https://example.com/a*", "https://example.com/a"],
    ["https://google.com@evil.example", "https://google.com"],
  ])("%s", (text, url) => {
    expect(found(text)).toEqual([url]);
  });
});

describe("a URL includes", () => {
  test.each([
    "https://example.com/a_b_c?d=*e*&f[]=1#g",
    "https://en.wikipedia.org/wiki/Foo_(bar)",
    "https://fr.wikipedia.org/wiki/L’Étranger",
    "https://ja.wikipedia.org/wiki/日本",
    "https://he.wikipedia.org/wiki/שלום",
    "https://münchen.example/",
    "https://例え.テスト/a",
    "http://localhost:4280/c/general",
    "http://127.0.0.1:8080/a",
    "http://[::1]:8080/a",
    "HTTPS://EXAMPLE.COM/A",
    "www.example.com/a",
  ])("all of %s", (url) => {
    expect(found(`a ${url} b`)).toEqual([url]);
  });
});

test("other texts are no URLs", () => {
  for (const text of [
    "xhttps://example.com",
    "https://",
    "https:// example.com",
    "http://a",
    "wwww.x",
    "javascript:alert(1)",
  ])
    expect(found(text), text).toEqual([]);
});

test("long hostile texts are searched in full", () => {
  for (const text of [
    "https://".repeat(1_000),
    "www.".repeat(2_000),
    `https://${"a.".repeat(4_000)}`,
    `https://a.bc/${"(".repeat(8_000)}`,
  ])
    expect(found(text).length).toBeLessThan(3);
});

test("the host of a link is named, or shown", () => {
  expect(unnamedHost("https://example.com/a", "https://example.com/a")).toBeNull();
  expect(unnamedHost("Example.com", "https://example.com/a")).toBeNull();
  expect(unnamedHost("www.example.com", "http://www.example.com/")).toBeNull();
  expect(unnamedHost("here", "https://example.com/a")).toBe("example.com");
  expect(unnamedHost("example.com", "https://evil.example/")).toBe("evil.example");
  expect(unnamedHost("example.com.evil.example", "https://example.com/")).toBe("example.com");
  expect(unnamedHost("https://google.com@evil.example", "https://google.com@evil.example")).toBe(
    "evil.example",
  );
  expect(unnamedHost("https://аpple.com", "https://аpple.com")).toBe("xn--pple-43d.com");
});
