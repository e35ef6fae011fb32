/** Converts a timeline to rows with group starts, days and the start of new messages. Pure. */
import type { Message } from "../../core/contract";
import type { Outgoing } from "../../core/socket/outbox";
import { isUnread } from "../../core/state/timeline";
import { dayKey } from "../../core/text/time";

/** Messages of one user within this time form a group. */
const GROUP_MS = 5 * 60_000;

interface RowBase {
  readonly key: string;
  readonly startsGroup: boolean;
  /** The time of the first message of a day, else null. */
  readonly day: string | null;
  readonly firstNew: boolean;
}

export type Row =
  | (RowBase & { readonly kind: "message"; readonly message: Message })
  | (RowBase & { readonly kind: "outgoing"; readonly item: Outgoing });

export interface RowsInput {
  readonly messages: readonly Message[];
  readonly outgoing: readonly Outgoing[];
  readonly me: string;
  /** Messages of others after this seq are new, unless they are deleted; null if none are. */
  readonly newSince: number | null;
}

export function buildRows({ messages, outgoing, me, newSince }: RowsInput): Row[] {
  const rows: Row[] = [];
  let before: Message | undefined;
  let newLineShown = newSince === null;
  for (const message of messages) {
    const day = before && dayKey(before.sentAt) === dayKey(message.sentAt) ? null : message.sentAt;
    const mine = message.sender.userId === me;
    const firstNew = !newLineShown && isUnread(message, newSince ?? 0, me);
    newLineShown ||= firstNew;
    rows.push({
      kind: "message",
      // An own message keeps its key when it is delivered.
      key: mine ? `mine.${message.clientMessageId}` : message.messageId,
      message,
      day,
      firstNew,
      startsGroup: day !== null || firstNew || !before || !inSameGroup(before, message),
    });
    before = message;
  }
  for (const item of outgoing) {
    const startsGroup =
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
      startsGroup: previous?.kind === "outgoing" ? false : startsGroup,
    });
  }
  return rows;
}

function inSameGroup(before: Message, message: Message): boolean {
  return (
    before.sender.userId === message.sender.userId &&
    Date.parse(message.sentAt) - Date.parse(before.sentAt) < GROUP_MS
  );
}
