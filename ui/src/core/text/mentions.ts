/** Finds `@username` in a text. A mention starts at the start of a word, so e-mail addresses are not mentions. */

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

/** Whether a text mentions the user, outside of code. */
export function mentions(text: string, username: string): boolean {
  if (!text.includes("@")) return false;
  const prose = text.replace(/```[\s\S]*?(?:```|$)/g, " ").replace(/`[^`\n]*`/g, " ");
  const wanted = username.toLowerCase();
  return findMentions(prose).some((mention) => mention.username.toLowerCase() === wanted);
}
