/** The stored draft of a channel. */
import { useCallback, useState } from "react";
import { readDraft, writeDraft } from "../../core/state/drafts";

export function useDraft(userId: string, channelId: string) {
  const [draft, setDraft] = useState(() => readDraft(userId, channelId));
  const changeDraft = useCallback(
    (text: string) => {
      setDraft(text);
      writeDraft(userId, channelId, text);
    },
    [userId, channelId],
  );
  return [draft, changeDraft] as const;
}
