/** The screen of one channel: header, messages, composer, side panel and dialogs. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { errorMessage } from "../core/api/errors";
import { serverNow } from "../core/clock";
import type { Channel, Message, Person } from "../core/contract";
import { channelPath, navigate } from "../core/router";
import { readDraft, writeDraft } from "../core/state/drafts";
import { channelTitle, otherPerson } from "../core/state/selectors";
import { emptyTimeline } from "../core/state/timeline";
import { ago } from "../core/text/time";
import { useNewSince } from "../features/channel/useNewSince";
import { Composer } from "../features/composer/Composer";
import { TypingIndicator } from "../features/composer/TypingIndicator";
import { EmojiPopover, type EmojiRequest } from "../features/emoji/EmojiPopover";
import { Announcer } from "../features/message/Announcer";
import { MessageList } from "../features/message/MessageList";
import type { MessageActions } from "../features/message/MessageRow";
import { MembersPanel } from "../features/people/MembersPanel";
import { SearchPanel } from "../features/search/SearchPanel";
import { useChatActions } from "../features/shared/chatContext";
import { useChat } from "../features/shared/useChat";
import { useNames } from "../features/shared/useNames";
import { Avatar } from "../kit/Avatar";
import { Dialog } from "../kit/Dialog";
import { Icon } from "../kit/Icon";
import { Skeleton } from "../kit/Skeleton";
import "./ChannelScreen.css";

export type SidePanel = "members" | "search" | null;

interface ChannelScreenProps {
  readonly channel: Channel;
  readonly target: number | null;
  readonly navigationId: number;
  readonly panel: SidePanel;
  readonly onPanel: (panel: SidePanel) => void;
  readonly onMenu: () => void;
}

export function ChannelScreen({ channel, target, navigationId, panel, onPanel, onMenu }: ChannelScreenProps) {
  const { channelId } = channel;
  const chat = useChatActions();
  const me = useChat((state) => state.me);
  const people = useChat((state) => state.people);
  const timeline = useChat((state) => state.timelines[channelId]) ?? emptyTimeline;
  const outbox = useChat((state) => state.outbox);
  const delivered = useChat((state) => state.delivered);
  const connected = useChat((state) => state.connection.status === "open");
  const title = channelTitle(channel, people, me?.userId);
  const newSince = useNewSince(channel);

  const [draft, setDraft] = useState(() => readDraft(me?.userId ?? "", channelId));
  const [editing, setEditing] = useState<Message | null>(null);
  const [deleting, setDeleting] = useState<Message | null>(null);
  const [emoji, setEmoji] = useState<EmojiRequest | null>(null);

  const isMember = channel.role !== null;
  useEffect(() => {
    if (isMember) void chat.history.open(channelId, target);
  }, [chat, channelId, target, isMember]);

  const other = otherPerson(channel, me?.userId);
  const otherUnknown = other !== undefined && !people[other];
  useEffect(() => {
    if (otherUnknown) void chat.channels.loadMembers(channelId);
  }, [chat, channelId, otherUnknown]);

  const changeDraft = useCallback(
    (text: string) => {
      setDraft(text);
      writeDraft(me?.userId ?? "", channelId, text);
    },
    [me?.userId, channelId],
  );

  const outgoing = useMemo(() => {
    const here = new Set(
      timeline.messages.filter((m) => m.sender.userId === me?.userId).map((m) => m.clientMessageId),
    );
    return outbox.filter((item) => item.channelId === channelId && !here.has(item.clientMessageId));
  }, [outbox, channelId, timeline.messages, me?.userId]);

  const names = useNames();
  const nameOf = useCallback((person: Person) => names.ofUser(person.userId) ?? person.displayName, [names]);

  const quote = useRef<(message: Message) => void>(() => undefined);
  quote.current = (message) => {
    const lines = message.text.split("\n").map((line) => `> ${line}`);
    const head = `> **${nameOf(message.sender).replace(/([\\`*_~[\]])/g, "\\$1")}**`;
    setEditing(null);
    changeDraft(`${[head, ...lines].join("\n")}\n\n${draft}`);
    focusComposer();
  };

  const actions = useMemo<MessageActions>(
    () => ({
      me: me?.userId ?? "",
      canDeleteAny: channel.role === "owner",
      nameOf: (userId) => names.ofUser(userId) ?? "someone",
      resolveMention: (username) => names.resolveMention(username),
      onEdit: setEditing,
      onDelete: setDeleting,
      onReact: (message, symbol, added) => void chat.react(message, symbol, added),
      onPickEmoji: (message, anchor) =>
        setEmoji({
          anchor,
          onPick: (symbol) => {
            const mine = message.reactions
              .find((reaction) => reaction.emoji === symbol)
              ?.userIds.includes(me?.userId ?? "");
            chat.react(message, symbol, !mine);
          },
        }),
      onQuote: (message) => quote.current(message),
      onCopyLink: (message) => {
        const link = location.origin + channelPath(message.channelId, message.seq);
        navigator.clipboard.writeText(link).then(
          () => chat.toast("info", "Link copied."),
          () => chat.toast("error", "The browser blocked copying. Allow clipboard access and try again."),
        );
      },
      onInspect: chat.config.inspector
        ? (message) => navigate(`/inspector/messages/${message.messageId}`)
        : null,
    }),
    [chat, me?.userId, channel.role, names],
  );

  const editLast = () => {
    const last = timeline.messages.findLast((m) => m.sender.userId === me?.userId && m.deletedAt === null);
    if (last) setEditing(last);
  };

  const mentionable = useMemo(
    () =>
      Object.values(people)
        .filter((person) => person.userId !== me?.userId)
        .sort((a, b) => a.username.localeCompare(b.username)),
    [people, me?.userId],
  );

  if (!me) return null;

  return (
    <div className="channel">
      <section className="channel-main" aria-label={title}>
        <ChannelHead channel={channel} title={title} panel={panel} onPanel={onPanel} onMenu={onMenu} />
        {!isMember ? (
          <div className="channel-state">
            <Intro channel={channel} title={title} empty={false} />
          </div>
        ) : timeline.failed && timeline.messages.length === 0 ? (
          <div className="channel-state" role="alert">
            <p>The messages could not be loaded.</p>
            <button
              type="button"
              className="button"
              onClick={() => void chat.history.open(channelId, target)}
            >
              Try again
            </button>
          </div>
        ) : timeline.loading === "all" && timeline.messages.length === 0 ? (
          <div className="channel-waiting">
            <Skeleton lines={6} />
          </div>
        ) : (
          <MessageList
            key={timeline.generation}
            label={`Messages in ${title}`}
            timeline={timeline}
            outgoing={outgoing}
            me={me}
            newSince={newSince}
            target={target}
            navigationId={navigationId}
            unread={channel.unread}
            editing={editing?.seq ?? null}
            delivered={delivered}
            nameOf={nameOf}
            actions={actions}
            intro={
              <Intro
                channel={channel}
                title={title}
                empty={timeline.messages.length === 0 && outgoing.length === 0}
              />
            }
            onEarlier={() => void chat.history.loadEarlier(channelId)}
            onLater={() => void chat.history.loadLater(channelId)}
            onNewest={() => {
              // The newest messages replace the linked one: remove it from the address.
              void chat.history
                .open(channelId, null)
                .then(() => navigate(channelPath(channelId), { replace: true }));
            }}
            onSeen={(seq) => chat.readMarkers.markRead(channelId, seq)}
            onRetry={(id) => chat.sender.apply({ type: "retried", clientMessageId: id })}
            onDiscard={(id) => chat.sender.apply({ type: "discarded", clientMessageId: id })}
          />
        )}
        {isMember ? (
          <>
            <Composer
              draft={draft}
              onDraft={changeDraft}
              placeholder={channel.kind === "direct" ? `Message ${title}` : `Message #${title}`}
              editing={editing}
              people={mentionable}
              onSend={(text) => chat.sender.send(channelId, text)}
              onSave={(message, text) => chat.edit(message, text)}
              onCancelEdit={() => setEditing(null)}
              onEditLast={editLast}
              onTyping={() => chat.sender.sendTyping(channelId)}
              onPickEmoji={(anchor, insert) => setEmoji({ anchor, onPick: insert })}
            />
            <TypingIndicator channelId={channelId} connected={connected} />
          </>
        ) : (
          <JoinBar channel={channel} />
        )}
        <Announcer channelId={channelId} nameOf={nameOf} />
      </section>
      {panel === "members" && <MembersPanel channel={channel} title={title} onClose={() => onPanel(null)} />}
      {panel === "search" && (
        <SearchPanel channel={channel} title={title} nameOf={nameOf} onClose={() => onPanel(null)} />
      )}
      {emoji && <EmojiPopover request={emoji} onClose={() => setEmoji(null)} />}
      {deleting && (
        <Dialog title="Delete this message?" size="small" onClose={() => setDeleting(null)}>
          <p className="dialog-text">
            Everyone sees that a message was deleted. Its text is no longer shown.
          </p>
          <blockquote className="channel-deleting">{deleting.text.slice(0, 280)}</blockquote>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => setDeleting(null)}>
              Cancel
            </button>
            <button
              type="button"
              className="button button-danger"
              data-autofocus
              onClick={() => {
                chat.delete(deleting);
                setDeleting(null);
                // The button that opened the dialog is removed with the message.
                requestAnimationFrame(focusComposer);
              }}
            >
              Delete
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function focusComposer(): void {
  document.querySelector<HTMLTextAreaElement>(".composer-field")?.focus();
}

interface HeadProps {
  readonly channel: Channel;
  readonly title: string;
  readonly panel: SidePanel;
  readonly onPanel: (panel: SidePanel) => void;
  readonly onMenu: () => void;
}

function ChannelHead({ channel, title, panel, onPanel, onMenu }: HeadProps) {
  const me = useChat((state) => state.me?.userId);
  const other = otherPerson(channel, me);
  const person = useChat((state) => (other ? state.people[other] : undefined));
  return (
    <header className="channel-head">
      <button type="button" className="icon-button channel-menu" aria-label="Show channels" onClick={onMenu}>
        <Icon name="menu" />
      </button>
      {other && <Avatar userId={other} name={title} size={28} status={person?.status ?? "offline"} />}
      <div className="channel-title">
        <h1>
          {channel.kind !== "direct" && (
            <Icon name={channel.kind === "private" ? "lock" : "hash"} size={18} />
          )}
          <bdi>{title}</bdi>
        </h1>
        {person && (
          <span className="channel-sub">
            {person.status === "online"
              ? "online"
              : person.lastSeenAt
                ? `last seen ${ago(person.lastSeenAt, serverNow())}`
                : "offline"}
          </span>
        )}
      </div>
      {channel.kind !== "direct" && (
        <button
          type="button"
          className="button button-small channel-members"
          aria-pressed={panel === "members"}
          aria-label={`Members, ${channel.memberCount}`}
          onClick={() => onPanel(panel === "members" ? null : "members")}
        >
          <Icon name="people" size={18} />
          {channel.memberCount}
        </button>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label="Search in this channel"
        title="Search in this channel"
        aria-pressed={panel === "search"}
        onClick={() => onPanel(panel === "search" ? null : "search")}
      >
        <Icon name="search" />
      </button>
    </header>
  );
}

function Intro({ channel, title, empty }: { channel: Channel; title: string; empty: boolean }) {
  return (
    <div className="intro">
      {channel.kind === "direct" ? (
        <>
          <h2>
            <bdi>{title}</bdi>
          </h2>
          <p>This is the beginning of your conversation. Only the two of you can read it.</p>
        </>
      ) : (
        <>
          <h2>
            Welcome to <bdi>{channel.kind === "private" ? title : `#${title}`}</bdi>
          </h2>
          <p>
            {empty ? "No messages yet. " : "This is where the channel begins. "}
            {channel.kind === "private"
              ? "Only its members can find and read it."
              : "Anyone can find and join it."}
          </p>
        </>
      )}
      {empty && <p className="intro-hint">Write the first message below.</p>}
    </div>
  );
}

function JoinBar({ channel }: { channel: Channel }) {
  const chat = useChatActions();
  const [busy, setBusy] = useState(false);
  return (
    <div className="join-bar">
      <span>You are not a member of this channel. Join it to read and write.</span>
      <button
        type="button"
        className="button button-primary button-small"
        disabled={busy}
        onClick={() => {
          setBusy(true);
          chat.channels.join(channel.channelId).catch((failure: unknown) => {
            chat.toast("error", errorMessage(failure));
            setBusy(false);
          });
        }}
      >
        Join
      </button>
    </div>
  );
}
