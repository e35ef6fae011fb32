/** Text whose lines can break within letters that have too many marks, so that it stays within its row. */
import { Fragment, type ReactNode } from "react";
import { partsOfWideClusters } from "../../core/text/clusters";

/** What is selected and copied is the text. */
export function breakable(text: string): ReactNode {
  const parts = partsOfWideClusters(text);
  if (parts.length === 1) return text;
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts are never reordered.
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
