/** The chat for a signed-in user: sidebar, channel, dialogs, shortcuts; or the inspector. */
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { Chat } from "../core/chat/chat";
import { channelPath, currentRoute, navigate } from "../core/router";
import { byName, channelTitle, totalUnread } from "../core/state/selectors";
import { store } from "../core/state/store";
import { NoChannel } from "../features/channel/NoChannel";
import { ConnectionBanner } from "../features/shared/ConnectionBanner";
import { ChatContext } from "../features/shared/chatContext";
import type { DialogName } from "../features/shared/dialogs";
import { useChat } from "../features/shared/useChat";
import { useRoute } from "../features/shared/useRoute";
import { Sidebar } from "../features/sidebar/Sidebar";
import { Icon } from "../kit/Icon";
import { Skeleton } from "../kit/Skeleton";
import { Toasts } from "../kit/Toasts";
import { ChannelScreen, type SidePanel } from "./ChannelScreen";
import { useNotifications } from "./useNotifications";
import "./ChatScreen.css";

const dialogs = {
  channels: () => import("../features/channel/ChannelDialogs"),
  switcher: () => import("../features/search/Switcher"),
  shortcuts: () => import("./ShortcutsDialog"),
  preferences: () => import("../features/settings/SettingsDialog"),
};
const CreateChannel = lazy(() => dialogs.channels().then((all) => ({ default: all.CreateChannel })));
const BrowseChannels = lazy(() => dialogs.channels().then((all) => ({ default: all.BrowseChannels })));
const Switcher = lazy(() => dialogs.switcher().then((all) => ({ default: all.Switcher })));
const ShortcutsDialog = lazy(() => dialogs.shortcuts().then((all) => ({ default: all.ShortcutsDialog })));
const SettingsDialog = lazy(() => dialogs.preferences().then((all) => ({ default: all.SettingsDialog })));

const InspectorScreen = lazy(() => import("../features/inspector/InspectorScreen"));

/** Dialogs are prefetched after the chat is shown, so that they open immediately. */
const PREFETCH_DIALOGS_AFTER_MS = 3_000;

export { Chat };

export default function ChatScreen({ chat }: { chat: Chat }) {
  const route = useRoute();
  return (
    <ChatContext value={chat}>
      {route.page === "inspector" && chat.config.inspector ? (
        <Suspense fallback={<Skeleton lines={6} />}>
          <InspectorScreen chat={chat} subpath={route.subpath} />
        </Suspense>
      ) : (
        <ChatShell chat={chat} />
      )}
    </ChatContext>
  );
}

function ChatShell({ chat }: { chat: Chat }) {
  const route = useRoute();
  const channels = useChat((state) => state.channels);
  const progress = useChat((state) => state.channelsProgress);
  const toasts = useChat((state) => state.toasts);
  const [open, setOpen] = useState<DialogName | null>(null);
  const [drawer, setDrawer] = useState(false);
  const [side, setSide] = useState<SidePanel>(null);
  const channelId = route.page === "channel" ? route.channelId : null;
  const channel = channelId ? channels[channelId] : undefined;

  useTitle(channelId);
  const close = useCallback(() => setOpen(null), []);
  const done = useCallback(() => {
    setOpen(null);
    setDrawer(false);
  }, []);

  // Without a channel in the address, open the last one or the first.
  useEffect(() => {
    if (route.page === "channel" || progress !== "ready") return;
    const first = loadLastChannel(channels) ?? firstChannel(channels);
    if (first) navigate(channelPath(first), { replace: true });
  }, [route.page, progress, channels]);

  useEffect(() => {
    if (channel) saveLastChannel(channel.channelId);
  }, [channel]);

  useShortcuts({ onOpen: setOpen, onSearch: () => setSide("search") });
  useNotifications();

  useEffect(() => {
    const timer = setTimeout(() => {
      for (const load of Object.values(dialogs)) load().catch(() => undefined);
    }, PREFETCH_DIALOGS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);

  useEffect(() => {
    if (!drawer) return;
    document.querySelector<HTMLElement>(".sidebar-link[aria-current], .sidebar-link")?.focus();
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) setDrawer(false);
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [drawer]);

  return (
    <div className="app">
      <a className="skip" href="#main">
        Skip to the messages
      </a>
      <div className={`app-side${drawer ? " app-side-open" : ""}`}>
        <Sidebar onOpen={setOpen} onNavigate={() => setDrawer(false)} />
        {drawer && (
          <button
            type="button"
            className="app-backdrop"
            aria-label="Hide channels"
            onClick={() => setDrawer(false)}
          />
        )}
      </div>
      <main className="app-main" id="main" tabIndex={-1} inert={drawer}>
        <ConnectionBanner />
        {channel ? (
          <ChannelScreen
            key={channel.channelId}
            channel={channel}
            target={route.page === "channel" ? route.seq : null}
            navigationId={route.navigationId}
            panel={side}
            onPanel={setSide}
            onMenu={() => setDrawer(true)}
          />
        ) : (
          <>
            <div className="app-bar">
              <button
                type="button"
                className="icon-button"
                aria-label="Show channels"
                onClick={() => setDrawer(true)}
              >
                <Icon name="menu" />
              </button>
            </div>
            {progress === "loading" ? (
              <div className="app-waiting">
                <Skeleton lines={6} />
              </div>
            ) : (
              <NoChannel channelId={channelId} onOpen={setOpen} />
            )}
          </>
        )}
      </main>
      <Toasts toasts={toasts} onDismiss={chat.dismiss} />
      <Suspense fallback={null}>
        {open === "create" && <CreateChannel onClose={close} onDone={done} />}
        {open === "browse" && (
          <BrowseChannels onClose={close} onDone={done} onCreate={() => setOpen("create")} />
        )}
        {open === "switch" && <Switcher onClose={close} onDone={done} />}
        {open === "shortcuts" && <ShortcutsDialog onClose={close} />}
        {open === "preferences" && (
          <SettingsDialog onClose={close} onShortcuts={() => setOpen("shortcuts")} />
        )}
      </Suspense>
    </div>
  );
}

interface ShortcutActions {
  readonly onOpen: (panel: DialogName) => void;
  readonly onSearch: () => void;
}

function useShortcuts({ onOpen, onSearch }: ShortcutActions): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const command = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      if (command && !event.shiftKey && !event.altKey && key === "k") {
        event.preventDefault();
        onOpen("switch");
      } else if (command && event.shiftKey && key === "f") {
        event.preventDefault();
        onSearch();
      } else if (event.key === "?" && !command && !isTextField(event.target)) {
        event.preventDefault();
        onOpen("shortcuts");
      } else if (event.altKey && !command && (key === "arrowdown" || key === "arrowup")) {
        event.preventDefault();
        openNeighbour(key === "arrowdown" ? 1 : -1, event.shiftKey);
      } else if (key === "f6" && !command && !event.altKey) {
        event.preventDefault();
        focusNextRegion();
      }
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [onOpen, onSearch]);
}

function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable)
  );
}

/** Focus the composer, the messages and the sidebar in turn. */
function focusNextRegion(): void {
  const stops = [".composer-field", ".messages-scroller", ".sidebar-link[aria-current], .sidebar-link"];
  const elements = stops
    .map((stop) => document.querySelector<HTMLElement>(stop))
    .filter((element) => element !== null);
  const at = elements.findIndex(
    (element) => element === document.activeElement || element.contains(document.activeElement),
  );
  elements[(at + 1) % elements.length]?.focus();
}

function openNeighbour(by: number, unreadOnly: boolean): void {
  const { channels, people, me } = store.getState();
  const route = currentRoute();
  const order = Object.values(channels)
    .filter((channel) => channel.role !== null)
    .map((channel) => ({ channel, displayName: channelTitle(channel, people, me?.userId) }))
    .sort((a, b) => Number(a.channel.kind === "direct") - Number(b.channel.kind === "direct") || byName(a, b))
    .map(({ channel }) => channel);
  const at = order.findIndex((channel) => route.page === "channel" && channel.channelId === route.channelId);
  for (let steps = 1; steps <= order.length; steps += 1) {
    const next = order[(at + by * steps + order.length * (steps + 1)) % order.length];
    if (next && (!unreadOnly || next.unread > 0)) {
      navigate(channelPath(next.channelId));
      return;
    }
  }
}

function useTitle(channelId: string | null): void {
  const unread = useChat((state) => totalUnread(state.channels));
  const name = useChat((state) => {
    const channel = channelId ? state.channels[channelId] : undefined;
    return channel ? channelTitle(channel, state.people, state.me?.userId) : null;
  });
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : ""}${name ? `${name} · ` : ""}Parley`;
  }, [unread, name]);
}

const LAST_CHANNEL_KEY = "parley.lastChannel";

function saveLastChannel(channelId: string): void {
  try {
    localStorage.setItem(`${LAST_CHANNEL_KEY}.${store.getState().me?.userId ?? ""}`, channelId);
  } catch {
    // Storage is not available: the next visit starts with the first channel.
  }
}

function loadLastChannel(channels: ReturnType<typeof store.getState>["channels"]): string | undefined {
  try {
    const channelId = localStorage.getItem(`${LAST_CHANNEL_KEY}.${store.getState().me?.userId ?? ""}`);
    return channelId && channels[channelId]?.role ? channelId : undefined;
  } catch {
    return undefined;
  }
}

function firstChannel(channels: ReturnType<typeof store.getState>["channels"]): string | undefined {
  const mine = Object.values(channels).filter((channel) => channel.role !== null);
  const general = mine.find((channel) => channel.kind === "public" && channel.name === "general");
  return (general ?? mine.find((channel) => channel.kind !== "direct") ?? mine[0])?.channelId;
}
