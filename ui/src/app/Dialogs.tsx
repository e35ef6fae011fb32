/** The dialogs of the chat, each in a separate chunk. */
import { type ComponentType, useCallback, useEffect } from "react";
import type { DialogName } from "../features/shared/dialogs";
import { chunk } from "../kit/chunk";
import { Dialog } from "../kit/Dialog";

const chunks = {
  create: () => import("../features/channel/CreateChannel"),
  browse: () => import("../features/channel/BrowseChannels"),
  switch: () => import("../features/search/Switcher"),
  shortcuts: () => import("./ShortcutsDialog"),
  settings: () => import("../features/settings/SettingsDialog"),
};
/** A dialog that cannot be loaded is a dialog that says so. */
const dialog = <P extends { onClose: () => void }>(
  what: string,
  load: () => Promise<{ default: ComponentType<P> }>,
) =>
  chunk(load, {
    what,
    loading: () => null,
    wrap: (notice, { onClose }) => (
      <Dialog title="Not available" size="small" onClose={onClose}>
        {notice}
      </Dialog>
    ),
  });

const CreateChannel = dialog("This dialog", chunks.create);
const BrowseChannels = dialog("The list of channels", chunks.browse);
const Switcher = dialog("This search", chunks.switch);
const ShortcutsDialog = dialog("The list of shortcuts", chunks.shortcuts);
const SettingsDialog = dialog("The settings", chunks.settings);

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
    <>
      {open === "create" && <CreateChannel onClose={close} onDone={done} />}
      {open === "browse" && (
        <BrowseChannels onClose={close} onDone={done} onCreate={() => onOpen("create")} />
      )}
      {open === "switch" && <Switcher onClose={close} onDone={done} />}
      {open === "shortcuts" && <ShortcutsDialog onClose={close} />}
      {open === "settings" && <SettingsDialog onClose={close} onShortcuts={() => onOpen("shortcuts")} />}
    </>
  );
}
