/** The layout of the chat: sidebar, channel, toasts and dialogs. On narrow screens the sidebar is a drawer. */
import { useCallback, useEffect, useState } from "react";
import type { Chat } from "../core/chat/chat";
import { channelPath, closeOverlay, navigate, openOverlay } from "../core/router";
import { focusShowChannels, ShowChannels } from "../features/channel/ShowChannels";
import { focusSearch } from "../features/search/focusSearch";
import { ConnectionBanner } from "../features/shared/ConnectionBanner";
import type { DialogName } from "../features/shared/dialogs";
import { useChat } from "../features/shared/useChat";
import { useRoute } from "../features/shared/useRoute";
import { Sidebar } from "../features/sidebar/Sidebar";
import { Boundary } from "../kit/Boundary";
import { chunk } from "../kit/chunk";
import { classNames } from "../kit/classNames";
import { isNarrow, onWide } from "../kit/narrow";
import { Skeleton } from "../kit/Skeleton";
import { Toasts } from "../kit/Toasts";
import { ChannelScreen } from "./ChannelScreen";
import styles from "./ChatShell.module.css";
import { Dialogs } from "./Dialogs";
import { firstChannel, loadLastChannel, saveLastChannel } from "./lastChannel";
import { useNotifications } from "./useNotifications";
import { useRefusedFiles } from "./useRefusedFiles";
import { useShortcuts } from "./useShortcuts";
import { useSidePanel } from "./useSidePanel";
import { useTitle } from "./useTitle";

const NoChannel = chunk(
  async () => ({ default: (await import("../features/channel/NoChannel")).NoChannel }),
  { what: "This page", loading: () => null },
);

export function ChatShell({ chat }: { chat: Chat }) {
  const route = useRoute();
  const channels = useChat((state) => state.channels);
  const progress = useChat((state) => state.channelsProgress);
  const toasts = useChat((state) => state.toasts);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const { drawerOpen, openDrawer, closeDrawer } = useDrawer();
  const [panel, setPanel] = useSidePanel();
  const channelId = route.page === "channel" ? route.channelId : null;
  const channel = channelId ? channels[channelId] : undefined;

  useTitle(channelId);
  useShortcuts({
    onOpen: setDialog,
    onSearch: () => {
      if (!channel?.role) return;
      setPanel("search");
      focusSearch();
    },
  });
  useNotifications();
  useRefusedFiles();

  // Without a channel in the address, open the last one or the first.
  useEffect(() => {
    if (route.page === "channel" || progress !== "ready") return;
    const first = loadLastChannel(channels) ?? firstChannel(channels);
    if (first) navigate(channelPath(first), { replace: true });
  }, [route.page, progress, channels]);

  useEffect(() => {
    if (channel) saveLastChannel(channel.channelId);
  }, [channel]);

  // The user was removed from the channel, and the message field with it.
  const isShown = channel !== undefined;
  useEffect(() => {
    if (!isShown) return;
    return () => {
      if (document.activeElement === document.body) document.getElementById("main")?.focus();
    };
  }, [isShown]);

  return (
    <div className={styles.app}>
      <a className="skip-link" href="#main">
        Skip to the messages
      </a>
      <div className={classNames(styles.side, drawerOpen && styles.open)}>
        <Boundary what="The list of channels">
          <Sidebar onOpen={setDialog} onNavigate={closeDrawer} />
        </Boundary>
        {drawerOpen && (
          <button
            type="button"
            className={styles.backdrop}
            aria-label="Hide channels"
            onClick={closeDrawer}
          />
        )}
      </div>
      <main className={styles.main} id="main" tabIndex={-1} inert={drawerOpen}>
        <ConnectionBanner />
        {channel ? (
          <Boundary key={channel.channelId} what="This channel">
            <ChannelScreen
              channel={channel}
              target={route.page === "channel" ? route.seq : null}
              navigationId={route.navigationId}
              panel={panel}
              onPanel={setPanel}
              onMenu={openDrawer}
            />
          </Boundary>
        ) : (
          <>
            <div className={styles.bar}>
              <ShowChannels onClick={openDrawer} />
            </div>
            {progress === "loading" ? (
              <div className={styles.waiting}>
                <Skeleton lines={6} />
              </div>
            ) : (
              <NoChannel channelId={channelId} onOpen={setDialog} />
            )}
          </>
        )}
      </main>
      <Toasts toasts={toasts} onDismiss={chat.dismiss} />
      <Dialogs open={dialog} onOpen={setDialog} onNavigate={closeDrawer} />
    </div>
  );
}

/**
 * Focuses the open channel's link when the drawer opens, and the button that opens it when it closes. Escape and the
 * browser's Back close the drawer; so does a wide window, in which the sidebar is a column and the channel is not covered.
 */
function useDrawer() {
  const [drawerOpen, setOpen] = useState(false);
  const openDrawer = useCallback(() => {
    openOverlay();
    setOpen(true);
  }, []);
  const closeDrawer = useCallback(() => {
    closeOverlay();
    setOpen(false);
  }, []);
  useEffect(() => {
    if (!drawerOpen) return;
    const sidebar = '[data-region="sidebar"]';
    const current = document.querySelector<HTMLElement>(`${sidebar}[aria-current]`);
    (current ?? document.querySelector<HTMLElement>(sidebar))?.focus();
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) closeDrawer();
    };
    const onBack = () => setOpen(false);
    addEventListener("keydown", onKeyDown);
    addEventListener("popstate", onBack);
    const stopWatching = onWide(closeDrawer);
    return () => {
      stopWatching();
      removeEventListener("keydown", onKeyDown);
      removeEventListener("popstate", onBack);
      if (isNarrow()) focusShowChannels();
    };
  }, [drawerOpen, closeDrawer]);
  return { drawerOpen, openDrawer, closeDrawer };
}
