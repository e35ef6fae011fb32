/** The text that is copied from a selection of several messages: name, time and text of each, one after the other. */
import type { Person } from "../../core/contract";
import { dayKey, shortDate, timeOfDay } from "../../core/text/time";
import type { Row } from "./rows";

interface Source {
  readonly rows: readonly Row[];
  readonly me: Person;
  readonly nameOf: (person: Person) => string;
}

/** Null if the selection is within one message: the browser then copies what is selected. */
export function copiedText(list: HTMLElement, range: Range, { rows, me, nameOf }: Source): string | null {
  const selected = [...list.querySelectorAll<HTMLElement>("[data-row]")].flatMap((element) => {
    const row = rows[Number(element.dataset.row)];
    const content = element.querySelector("[data-copied]");
    const text = row && content && range.intersectsNode(content) ? selectedText(row, content, range) : "";
    return row && text !== "" ? [{ row, text }] : [];
  });
  if (selected.length < 2) return null;
  const oneDay = new Set(selected.map(({ row }) => dayKey(sentAt(row)))).size === 1;
  return selected
    .map(({ row, text }) => {
      const sender = row.kind === "message" ? row.message.sender : me;
      const time = sentAt(row);
      return `${nameOf(sender)}, ${oneDay ? "" : `${shortDate(time)}, `}${timeOfDay(time)}: ${text}`;
    })
    .join("\n");
}

const sentAt = (row: Row) =>
  row.kind === "message" ? row.message.sentAt : new Date(row.item.writtenAt).toISOString();

/** The text as it was typed if all of it is selected, else the selected part as it is shown. */
function selectedText(row: Row, content: Element, range: Range): string {
  const all = document.createRange();
  all.selectNodeContents(content);
  const fromStart = range.compareBoundaryPoints(Range.START_TO_START, all) <= 0;
  const toEnd = range.compareBoundaryPoints(Range.END_TO_END, all) >= 0;
  const typed = row.kind === "message" ? row.message.text : row.item.text;
  if (fromStart && toEnd) return typed === "" ? (content.textContent ?? "") : typed;
  if (!fromStart) all.setStart(range.startContainer, range.startOffset);
  if (!toEnd) all.setEnd(range.endContainer, range.endOffset);
  return all.toString();
}
