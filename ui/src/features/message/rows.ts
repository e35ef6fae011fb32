/** A timeline as rows: who leads a group, where a day begins, where what is new begins. Pure. */
import type { Message } from "../../core/contract";
import type { Outgoing } from "../../core/socket/outbox";
import { dayKey } from "../../core/text/time";

/** Messages of one person within this time stand together. */
const GROUP_MS = 5 * 60_000;

interface Common {
  readonly key: string;
  readonly leads: boolean;
  /** The first of a day: its moment. */
  readonly day: string | null;
  readonly firstNew: boolean;
}

export type Row =
  | (Common & { readonly kind: "message"; readonly message: Message })
  | (Common & { readonly kind: "outgoing"; readonly item: Outgoing });

export interface RowsOf {
  readonly messages: readonly Message[];
  readonly outgoing: readonly Outgoing[];
  readonly me: string;
  /** Messages of others after this seq are new; null if nothing is. */
  readonly newSince: number | null;
}

export function makeRows({ messages, outgoing, me, newSince }: RowsOf): Row[] {
  const rows: Row[] = [];
  let before: Message | undefined;
  let lineDrawn = newSince === null;
  for (const message of messages) {
    const day = before && dayKey(before.sentAt) === dayKey(message.sentAt) ? null : message.sentAt;
    const mine = message.sender.userId === me;
    const firstNew = !lineDrawn && message.seq > (newSince ?? 0) && !mine;
    lineDrawn ||= firstNew;
    rows.push({
      kind: "message",
      // One's own message keeps its key when the delivered one takes the echo's place.
      key: mine ? `mine.${message.clientMessageId}` : message.messageId,
      message,
      day,
      firstNew,
      leads: day !== null || firstNew || !before || !together(before, message),
    });
    before = message;
  }
  for (const item of outgoing) {
    const leads =
      before === undefined ||
      before.sender.userId !== me ||
      item.writtenAt - Date.parse(before.sentAt) > GROUP_MS;
    const previous = rows.at(-1);
    rows.push({
      kind: "outgoing",
      key: `mine.${item.clientMessageId}`,
      item,
      day: null,
      firstNew: false,
      leads: previous?.kind === "outgoing" ? false : leads,
    });
  }
  return rows;
}

function together(before: Message, message: Message): boolean {
  return (
    before.sender.userId === message.sender.userId &&
    Date.parse(message.sentAt) - Date.parse(before.sentAt) < GROUP_MS
  );
}
