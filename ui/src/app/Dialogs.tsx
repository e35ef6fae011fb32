/** The dialogs of the chat, each in a separate chunk. */
import { lazy, Suspense, useCallback, useEffect } from "react";
import type { DialogName } from "../features/shared/dialogs";

const chunks = {
  create: () => import("../features/channel/CreateChannel"),
  browse: () => import("../features/channel/BrowseChannels"),
  switch: () => import("../features/search/Switcher"),
  shortcuts: () => import("./ShortcutsDialog"),
  settings: () => import("../features/settings/SettingsDialog"),
};
const CreateChannel = lazy(chunks.create);
const BrowseChannels = lazy(chunks.browse);
const Switcher = lazy(chunks.switch);
const ShortcutsDialog = lazy(chunks.shortcuts);
const SettingsDialog = lazy(chunks.settings);

/** Dialogs are prefetched after the chat is shown, so that they open immediately. */
const PREFETCH_AFTER_MS = 3_000;

interface DialogsProps {
  readonly open: DialogName | null;
  readonly onOpen: (dialog: DialogName | null) => void;
  /** A dialog has opened a channel. */
  readonly onNavigate: () => void;
}

export function Dialogs({ open, onOpen, onNavigate }: DialogsProps) {
  const close = useCallback(() => onOpen(null), [onOpen]);
  const done = useCallback(() => {
    onOpen(null);
    onNavigate();
  }, [onOpen, onNavigate]);

  useEffect(() => {
    const timer = setTimeout(() => {
      for (const load of Object.values(chunks)) load().catch(() => undefined);
    }, PREFETCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);

  return (
    <Suspense fallback={null}>
      {open === "create" && <CreateChannel onClose={close} onDone={done} />}
      {open === "browse" && (
        <BrowseChannels onClose={close} onDone={done} onCreate={() => onOpen("create")} />
      )}
      {open === "switch" && <Switcher onClose={close} onDone={done} />}
      {open === "shortcuts" && <ShortcutsDialog onClose={close} />}
      {open === "settings" && <SettingsDialog onClose={close} onShortcuts={() => onOpen("shortcuts")} />}
    </Suspense>
  );
}
