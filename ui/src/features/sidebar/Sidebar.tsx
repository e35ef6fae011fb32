/** The sidebar: channels, direct messages, people, and the signed-in user. */
import { useMemo } from "react";
import { useShallow } from "zustand/react/shallow";
import { namesOf } from "../../core/state/names";
import { channelTitle } from "../../core/state/selectors";
import { compareNames } from "../../core/text/collation";
import { Avatar } from "../../kit/Avatar";
import { Logo } from "../../kit/Icon";
import { IconButton } from "../../kit/IconButton";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import type { DialogName } from "../shared/dialogs";
import { useChat } from "../shared/useChat";
import { useNames } from "../shared/useNames";
import { useRoute } from "../shared/useRoute";
import { ChannelLink } from "./ChannelLink";
import { listedChannels } from "./listedChannels";
import { PeopleSection } from "./PeopleSection";
import styles from "./Sidebar.module.css";
import { LoadError, SidebarSection } from "./SidebarSection";

interface SidebarProps {
  readonly onOpen: (panel: DialogName) => void;
  readonly onNavigate: () => void;
}

export function Sidebar({ onOpen, onNavigate }: SidebarProps) {
  const route = useRoute();
  const open = route.page === "channel" ? route.channelId : null;
  const channels = useChat(useShallow((state) => listedChannels(state, open)));
  const progress = useChat((state) => state.channelsProgress);
  const unreadable = useChat((state) => state.unreadableChannels);
  const people = useChat((state) => state.people);
  const me = useChat((state) => state.me);
  const connected = useChat((state) => state.connection.status === "open");
  const chat = useChatActions();

  const names = useNames();
  const { groupChannels, direct } = useMemo(() => {
    const mine = channels
      .map((channel) => ({ channel, title: channelTitle(channel, names.people, me?.userId) }))
      .sort((a, b) => compareNames(a.title, b.title))
      .map(({ channel }) => channel);
    return {
      groupChannels: mine.filter((channel) => channel.kind !== "direct"),
      direct: mine.filter((channel) => channel.kind === "direct"),
    };
  }, [channels, names, me?.userId]);
  const others = useMemo(
    () => namesOf(people).onlineFirst(Object.values(people).filter((person) => person.userId !== me?.userId)),
    [people, me?.userId],
  );

  return (
    <nav className={styles.sidebar} aria-label="Channels and people">
      <header className={styles.head}>
        <Logo size={26} />
        <span className={styles.brand}>Parley</span>
        <IconButton
          icon="search"
          label="Find a channel or person"
          title="Find a channel or person (Ctrl+K)"
          onClick={() => onOpen("switch")}
        />
      </header>

      <div className={styles.scroll}>
        <SidebarSection
          title="Channels"
          tools={
            <>
              <IconButton icon="compass" label="Browse channels" onClick={() => onOpen("browse")} />
              <IconButton icon="plus" label="Create channel" onClick={() => onOpen("create")} />
            </>
          }
        >
          {progress === "loading" && <Skeleton lines={3} />}
          {progress === "failed" && <LoadError what="The channels" onRetry={() => chat.retryChannels()} />}
          {progress === "ready" && groupChannels.length === 0 && (
            <p className={styles.empty}>
              You have not joined a channel yet.{" "}
              <button type="button" className="button-link" onClick={() => onOpen("browse")}>
                Browse channels
              </button>
            </p>
          )}
          {unreadable > 0 && (
            <p className={styles.empty}>
              Not shown, because what is stored of them is damaged: {unreadable}.
            </p>
          )}
          <ul>
            {groupChannels.map((channel) => (
              <ChannelLink key={channel.channelId} channel={channel} onNavigate={onNavigate} />
            ))}
          </ul>
        </SidebarSection>

        {direct.length > 0 && (
          <SidebarSection title="Direct messages">
            <ul>
              {direct.map((channel) => (
                <ChannelLink key={channel.channelId} channel={channel} onNavigate={onNavigate} />
              ))}
            </ul>
          </SidebarSection>
        )}

        <PeopleSection people={others} onOpen={onOpen} onNavigate={onNavigate} />
      </div>

      {me && (
        <footer className={styles.foot}>
          <Avatar
            userId={me.userId}
            name={me.displayName}
            size={32}
            status={connected ? "online" : "offline"}
          />
          <div className={styles.me}>
            <bdi className={styles.meName}>{me.displayName}</bdi>
            <span className={styles.meUsername}>@{me.username}</span>
          </div>
          <IconButton icon="settings" label="You and settings" size={20} onClick={() => onOpen("settings")} />
        </footer>
      )}
    </nav>
  );
}
