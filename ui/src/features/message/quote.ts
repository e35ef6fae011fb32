/** A message as a Markdown quote with the sender's name. */
export function quote(text: string, senderName: string): string {
  const name = senderName.replace(/([\\`*_~[\]])/g, "\\$1");
  return [`**${name}**`, ...text.split("\n")].map((line) => `> ${line}`).join("\n");
}
