import { expect, test } from "vitest";
import {
  byteLength,
  fitsInFrame,
  MAX_FRAME_BYTES,
  MAX_MESSAGE_BYTES,
  withoutControlCharacters,
} from "../../../src/core/text/bytes";

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

test("control characters are removed, apart from tabs and line breaks", () => {
  const controls = String.fromCharCode(
    ...Array.from({ length: 0x20 }, (_, code) => code),
    ...Array.from({ length: 0x21 }, (_, code) => 0x7f + code),
  );
  expect(withoutControlCharacters(`a${controls}b👩‍🚀 שלום\u202e`)).toBe("a\t\n\rb👩‍🚀 שלום\u202e");
});

test("a frame is measured as it is sent", () => {
  const frameOf = (text: string) => ({ action: "sendMessage", text });
  const overhead = JSON.stringify(frameOf("")).length;
  expect(fitsInFrame(frameOf("x".repeat(MAX_FRAME_BYTES - overhead)))).toBe(true);
  expect(fitsInFrame(frameOf("x".repeat(MAX_FRAME_BYTES - overhead + 1)))).toBe(false);
  // Every message that the composer accepts fits; control characters would not.
  expect(fitsInFrame(frameOf('"'.repeat(MAX_MESSAGE_BYTES)))).toBe(true);
  expect(fitsInFrame(frameOf("\u0007".repeat(MAX_MESSAGE_BYTES)))).toBe(false);
});
