import type { Channel } from "../../core/contract";

/** Whether the unread messages of a channel are for the user personally: in a direct channel, or with mentions. */
export function isPersonal(
  { kind }: Pick<Channel, "kind">,
  mentions: ReadonlySet<number> | undefined,
): boolean {
  return kind === "direct" || (mentions?.size ?? 0) > 0;
}
