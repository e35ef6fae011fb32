/** The size of a message in bytes of UTF-8, as the server counts it. */

export const MAX_MESSAGE_BYTES = 8_192;

const encoder = new TextEncoder();

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
