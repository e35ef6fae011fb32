/** A name that is shown as it is in bold text. */
const PLAIN_NAME = /^(?!https?:|www\.)[\p{L}\p{N}](?:[^\\`*_~[\]<>@&:\n]*[\p{L}\p{M}\p{N}).])?$/u;

/** A message as a Markdown quote with the sender's name: bold, or as code if the name contains markup. */
export function quote(text: string, senderName: string): string {
  const name = PLAIN_NAME.test(senderName) ? `**${senderName}**` : code(senderName);
  return [name, ...text.split("\n")].map((line) => `> ${line}`).join("\n");
}

function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return longest > 0 ? `${fence} ${text} ${fence}` : `${fence}${text}${fence}`;
}
