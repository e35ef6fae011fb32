import { expect, test } from "vitest";
import { byteLength, MOST_BYTES } from "../../../src/core/text/bytes";

test.each([
  ["a", 1],
  ["ü", 2],
  ["€", 3],
  ["🎉", 4],
  ["x".repeat(MOST_BYTES), MOST_BYTES],
  ["🎉".repeat(MOST_BYTES / 4), MOST_BYTES],
])("bytes are counted as the server counts them (%#)", (text, bytes) => {
  expect(byteLength(text)).toBe(bytes);
});
