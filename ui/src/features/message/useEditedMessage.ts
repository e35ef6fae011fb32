/** Brings a message that is edited on screen; afterwards the list is where it was. */
import { useEffect, useRef } from "react";
import type { Row } from "./rows";
import type { ListPosition } from "./useListPosition";

/** `editing`: the seq of the message that is being edited. */
export function useEditedMessage(editing: number | null, rows: readonly Row[], position: ListPosition): void {
  const current = useRef({ rows, position });
  current.current = { rows, position };
  const editedBefore = useRef(editing);
  useEffect(() => {
    if (editing === editedBefore.current) return;
    editedBefore.current = editing;
    const { rows, position } = current.current;
    const { list, atEnd, jumped } = position;
    const handle = list.current;
    const index = rows.findIndex((row) => row.kind === "message" && row.message.seq === editing);
    if (!handle || index < 0) return;
    const { scrollOffset, viewportSize } = handle;
    const top = handle.getItemOffset(index);
    if (top >= scrollOffset && top + handle.getItemSize(index) <= scrollOffset + viewportSize) return;
    const wasAtEnd = atEnd.current;
    position.scrollToRow(index, { align: "center" });
    return () => {
      jumped.current = true;
      if (wasAtEnd) current.current.position.scrollToEnd();
      else {
        atEnd.current = false;
        list.current?.scrollTo(scrollOffset);
      }
    };
  }, [editing]);
}
