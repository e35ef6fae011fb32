/** Finding `@username` in a text. A name is one only at a word's start: an e-mail address names nobody. */

const MENTION = /(?<![\p{L}\p{N}_@.])@([\p{L}\p{N}_](?:[\p{L}\p{N}_.+-]*[\p{L}\p{N}_])?)/gu;

export interface Mention {
  readonly username: string;
  readonly start: number;
  readonly end: number;
}

export function findMentions(text: string): Mention[] {
  return [...text.matchAll(MENTION)].map((match) => ({
    username: match[1] ?? "",
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** Whether a text names this person, outside of code. */
export function mentions(text: string, username: string): boolean {
  if (!text.includes("@")) return false;
  const prose = text.replace(/```[\s\S]*?(?:```|$)/g, " ").replace(/`[^`\n]*`/g, " ");
  const wanted = username.toLowerCase();
  return findMentions(prose).some((mention) => mention.username.toLowerCase() === wanted);
}
