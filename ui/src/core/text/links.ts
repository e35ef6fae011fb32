/** Finds URLs in a text, and the host that a link opens. Pure. */

export interface UrlSpan {
  readonly start: number;
  readonly end: number;
}

/** A top-level domain is ASCII or not, never both: Japanese text may follow `example.com` without a space. */
const TOP_LEVEL = String.raw`(?:[a-z][a-z\d\-]*|[[\p{L}\p{M}]--\p{ASCII}]+)`;
const DOMAIN = String.raw`(?:[\p{L}\p{M}\p{N}_\-]+\.)+${TOP_LEVEL}`;
const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|\[[\da-f:.]+\]`;
const START = new RegExp(
  String.raw`(?<![a-z\d_])(?:https?:\/\/(?:${ADDRESS}|localhost(?![\w.\-])|${DOMAIN})|www\.${DOMAIN})(?::\d+)?`,
  "giv",
);
/** What follows the host; of punctuation outside ASCII only what occurs between letters, as in `L’Étranger`. */
const REST = /[\/?#](?:[[!-~]--[<>"`\\]]|[[\p{L}\p{M}\p{N}\p{S}]--\p{ASCII}]|[’·–‐](?=[\p{L}\p{N}]))*/vy;
const TRAILING = /[?!.,:;'*_~]+$/;
const BRACKETS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The positions of the URLs with a scheme or `www.`, without the punctuation of the sentence around them. */
export function findUrls(text: string): UrlSpan[] {
  const spans: UrlSpan[] = [];
  START.lastIndex = 0;
  for (let match = START.exec(text); match; match = START.exec(text)) {
    const hostEnd = START.lastIndex;
    REST.lastIndex = hostEnd;
    const rest = trimmed(REST.exec(text)?.[0] ?? "");
    const end = hostEnd + rest.length;
    if (safeUrl(text.slice(match.index, end))) spans.push({ start: match.index, end });
    START.lastIndex = end;
  }
  return spans;
}

/** Ends at a closing bracket that was not opened, and before the punctuation of a sentence. */
function trimmed(rest: string): string {
  const open: string[] = [];
  let end = rest.length;
  for (const [index, character] of [...rest].entries()) {
    if ("([{".includes(character)) open.push(character);
    else if (character in BRACKETS && open.pop() !== BRACKETS[character]) {
      end = [...rest].slice(0, index).join("").length;
      break;
    }
  }
  return rest.slice(0, end).replace(TRAILING, "");
}

/** The URL if it is http or https, else null. `www.` alone means http. */
export function safeUrl(url: string): string | null {
  try {
    const { protocol, href } = new URL(/^www\./i.test(url) ? `http://${url}` : url);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}

/** The host that a link opens, if its label does not begin with that host; else null. */
export function unnamedHost(label: string, href: string): string | null {
  const { host } = new URL(href);
  const named = label
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "");
  return named.startsWith(host) && /^(?:$|:\d+|[/?#])/.test(named.slice(host.length)) ? null : host;
}
