/** The names of the languages that code blocks highlight, as `features/shared/HighlightedCode.tsx` registers them. */

const LANGUAGES = new Set(
  (
    "atom bash c clike cpp cs csharp css diff docker dockerfile dotnet go html java javascript js json jsx kotlin kt " +
    "kts markup mathml plain plaintext py python rb rss ruby rust sh shell sql ssml svg swift text ts tsx txt " +
    "typescript webmanifest xml yaml yml"
  ).split(" "),
);

export function isCodeLanguage(name: string): boolean {
  return LANGUAGES.has(name.toLowerCase());
}
