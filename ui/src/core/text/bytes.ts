/** What can be sent as a message: its size in bytes of UTF-8, as the server counts it, and its characters. */

export const MAX_MESSAGE_BYTES = 8_192;
/** API Gateway closes a socket on which a larger frame is sent. */
export const MAX_FRAME_BYTES = 32_768;

/** Control characters other than tabs and line breaks. The server refuses them; JSON makes six bytes of most. */
const CONTROL_CHARACTERS = /(?![\t\n\r])\p{Cc}/gu;

const encoder = new TextEncoder();

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

export function withoutControlCharacters(text: string): string {
  return text.replace(CONTROL_CHARACTERS, "");
}

export function fitsInFrame(frame: object): boolean {
  return byteLength(JSON.stringify(frame)) <= MAX_FRAME_BYTES;
}
