/** The side panel that is open. On narrow screens it covers the channel, and the browser's Back closes it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { closeOverlay, onNavigation, openOverlay } from "../core/router";
import type { SidePanelName } from "../features/channel/ChannelHeader";
import { isNarrow } from "../kit/narrow";

export function useSidePanel() {
  const [panel, setOpen] = useState<SidePanelName | null>(null);
  /** Whether it has an entry in the browser's history: one that was opened next to the channel has none. */
  const hasEntry = useRef(false);

  const setPanel = useCallback((name: SidePanelName | null) => {
    if (name === null) {
      hasEntry.current = false;
      closeOverlay();
    } else if (isNarrow()) {
      hasEntry.current = true;
      openOverlay();
    }
    setOpen(name);
  }, []);

  useEffect(() => {
    const onBack = () => {
      if (!hasEntry.current) return;
      hasEntry.current = false;
      setOpen(null);
    };
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);

  // What the links of a panel that covers the channel open would not be seen.
  useEffect(
    () =>
      onNavigation(() => {
        if (isNarrow()) setPanel(null);
      }),
    [setPanel],
  );

  return [panel, setPanel] as const;
}
