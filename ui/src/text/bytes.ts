/** The limit of a message, in bytes of UTF-8: the same count as the server's. */

export const MOST_BYTES = 8_192;

const encoder = new TextEncoder();

export function byteLength(text: string): number {
  // No character is more than three bytes per UTF-16 unit: short texts need no encoding.
  return text.length * 3 < MOST_BYTES / 2 ? text.length : encoder.encode(text).length;
}
