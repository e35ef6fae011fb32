import { expect, test } from "vitest";
import { byteLength, MAX_MESSAGE_BYTES } from "../../../src/core/text/bytes";

test.each([
  ["a", 1],
  ["ü", 2],
  ["€", 3],
  ["🎉", 4],
  ["x".repeat(MAX_MESSAGE_BYTES), MAX_MESSAGE_BYTES],
  ["🎉".repeat(MAX_MESSAGE_BYTES / 4), MAX_MESSAGE_BYTES],
])("bytes are counted as the server counts them (%#)", (text, bytes) => {
  expect(byteLength(text)).toBe(bytes);
});
