/** The sidebar: channels, direct messages, people, and the signed-in user. */
import { type ReactNode, useMemo } from "react";
import type { Channel, User } from "../../core/contract";
import { channelPath } from "../../core/router";
import { byName, byPresence, channelTitle, otherPerson } from "../../core/state/selectors";
import { Avatar } from "../../kit/Avatar";
import { Icon, Logo } from "../../kit/Icon";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import type { DialogName } from "../shared/dialogs";
import { RouteLink } from "../shared/RouteLink";
import { useChat } from "../shared/useChat";
import { useRoute } from "../shared/useRoute";
import "./Sidebar.css";

/** More people are found with the switcher. */
const MAX_PEOPLE_SHOWN = 40;

interface SidebarProps {
  readonly onOpen: (panel: DialogName) => void;
  readonly onNavigate: () => void;
}

export function Sidebar({ onOpen, onNavigate }: SidebarProps) {
  const channels = useChat((state) => state.channels);
  const progress = useChat((state) => state.channelsProgress);
  const people = useChat((state) => state.people);
  const me = useChat((state) => state.me);
  const chat = useChatActions();

  const { groupChannels, direct } = useMemo(() => {
    const mine = Object.values(channels).filter((channel) => channel.role !== null);
    const named = (channel: Channel) => ({ displayName: channelTitle(channel, people, me?.userId) });
    const sorted = (list: Channel[]) => list.sort((a, b) => byName(named(a), named(b)));
    return {
      groupChannels: sorted(mine.filter((channel) => channel.kind !== "direct")),
      direct: sorted(mine.filter((channel) => channel.kind === "direct")),
    };
  }, [channels, people, me?.userId]);
  const allPeople = useMemo(() => Object.values(people).sort(byPresence), [people]);
  const others = allPeople.filter((person) => person.userId !== me?.userId);

  return (
    <nav className="sidebar" aria-label="Channels and people">
      <header className="sidebar-head">
        <Logo size={26} />
        <span className="sidebar-brand">Parley</span>
        <button
          type="button"
          className="icon-button"
          aria-label="Find a channel or person"
          title="Find a channel or person (Ctrl+K)"
          onClick={() => onOpen("switch")}
        >
          <Icon name="search" size={18} />
        </button>
      </header>

      <div className="sidebar-scroll">
        <Section
          title="Channels"
          tools={
            <>
              <button
                type="button"
                className="icon-button"
                aria-label="Browse channels"
                title="Browse channels"
                onClick={() => onOpen("browse")}
              >
                <Icon name="compass" size={18} />
              </button>
              <button
                type="button"
                className="icon-button"
                aria-label="Create channel"
                title="Create channel"
                onClick={() => onOpen("create")}
              >
                <Icon name="plus" size={18} />
              </button>
            </>
          }
        >
          {progress === "loading" && <Skeleton lines={3} />}
          {progress === "failed" && <Failed what="The channels" onRetry={() => void chat.channels.load()} />}
          {progress === "ready" && groupChannels.length === 0 && (
            <p className="sidebar-empty">
              You have not joined a channel yet.{" "}
              <button type="button" className="button-link" onClick={() => onOpen("browse")}>
                Browse channels
              </button>
            </p>
          )}
          <ul>
            {groupChannels.map((channel) => (
              <ChannelLink key={channel.channelId} channel={channel} onNavigate={onNavigate} />
            ))}
          </ul>
        </Section>

        {direct.length > 0 && (
          <Section title="Direct messages">
            <ul>
              {direct.map((channel) => (
                <ChannelLink key={channel.channelId} channel={channel} onNavigate={onNavigate} />
              ))}
            </ul>
          </Section>
        )}

        <People people={others} onOpen={onOpen} onNavigate={onNavigate} />
      </div>

      {me && (
        <footer className="sidebar-foot">
          <Avatar
            userId={me.userId}
            name={me.displayName}
            size={32}
            status={people[me.userId]?.status ?? me.status}
          />
          <div className="sidebar-me">
            <bdi className="sidebar-me-name">{me.displayName}</bdi>
            <span className="sidebar-me-username">@{me.username}</span>
          </div>
          <button
            type="button"
            className="icon-button"
            aria-label="You and settings"
            title="You and settings"
            onClick={() => onOpen("settings")}
          >
            <Icon name="settings" />
          </button>
        </footer>
      )}
    </nav>
  );
}

function Section({ title, tools, children }: { title: string; tools?: ReactNode; children: ReactNode }) {
  const id = `section-${title.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <section className="sidebar-section" aria-labelledby={id}>
      <header className="sidebar-section-head">
        <h2 id={id}>{title}</h2>
        {tools && <div className="sidebar-section-tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}

function ChannelLink({ channel, onNavigate }: { channel: Channel; onNavigate: () => void }) {
  const route = useRoute();
  const me = useChat((state) => state.me?.userId);
  const other = otherPerson(channel, me);
  const person = useChat((state) => (other ? state.people[other] : undefined));
  const title = useChat((state) => channelTitle(channel, state.people, me));
  const mentionCount = useChat((state) => state.mentions[channel.channelId] ?? 0);
  const unread = channel.unread;
  return (
    <li>
      <RouteLink
        to={channelPath(channel.channelId)}
        className={`sidebar-link${unread > 0 ? " sidebar-link-unread" : ""}`}
        current={route.page === "channel" && route.channelId === channel.channelId}
        onNavigate={onNavigate}
      >
        {other ? (
          <Avatar userId={other} name={title} size={22} status={person?.status ?? "offline"} />
        ) : (
          <Icon name={channel.kind === "private" ? "lock" : "hash"} size={16} />
        )}
        <span className="sidebar-link-name">
          <bdi>{title}</bdi>
        </span>
        {channel.kind === "private" && <span className="visually-hidden">, private</span>}
        {person && <span className="visually-hidden">, {person.status}</span>}
        {unread > 0 && (
          <span className={`badge${mentionCount > 0 || channel.kind === "direct" ? " badge-strong" : ""}`}>
            <span className="visually-hidden">, </span>
            {unread > 99 ? "99+" : unread}
            <span className="visually-hidden"> unread</span>
          </span>
        )}
      </RouteLink>
    </li>
  );
}

function People({ people, onOpen, onNavigate }: { people: readonly User[] } & SidebarProps) {
  const chat = useChatActions();
  const progress = useChat((state) => state.peopleProgress);
  const shown = people.slice(0, MAX_PEOPLE_SHOWN);
  const online = people.filter((person) => person.status === "online").length;
  return (
    <Section title="People">
      {progress === "loading" && people.length === 0 && <Skeleton lines={3} />}
      {progress === "failed" && (
        <Failed what="The list of people" onRetry={() => void chat.channels.loadPeople()} />
      )}
      {progress === "ready" && people.length === 0 && <p className="sidebar-empty">No other people yet.</p>}
      <ul aria-label="People">
        {shown.map((person) => (
          <li key={person.userId}>
            <button
              type="button"
              className={`sidebar-link sidebar-person-${person.status}`}
              title={`Message ${person.displayName}`}
              onClick={() => {
                void chat.channels.openDirectMessage(person.userId);
                onNavigate();
              }}
            >
              <Avatar userId={person.userId} name={person.displayName} size={22} status={person.status} />
              <span className="sidebar-link-name">
                <bdi>{person.displayName}</bdi>
              </span>
              <span className="visually-hidden">, {person.status}</span>
            </button>
          </li>
        ))}
      </ul>
      {people.length > shown.length && (
        <button type="button" className="sidebar-link sidebar-more" onClick={() => onOpen("switch")}>
          {online} of {people.length} online: find people
        </button>
      )}
    </Section>
  );
}

function Failed({ what, onRetry }: { what: string; onRetry: () => void }) {
  return (
    <p className="sidebar-empty" role="alert">
      {what} could not be loaded.{" "}
      <button type="button" className="button-link" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}
