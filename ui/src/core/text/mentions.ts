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

/**
 * Whether the server found that a message mentions the user: by the rules by which `features/shared/Markdown.tsx` draws
 * mentions, without code, quotes and links.
 */
export function mentionsUser(
  { mentions }: { readonly mentions?: readonly string[] | null },
  user: { readonly username: string },
): boolean {
  return mentions?.includes(user.username.toLowerCase()) ?? false;
}
