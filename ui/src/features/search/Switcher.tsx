/** Ctrl+K: find and open a channel or direct channel by typing part of its name. */
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { channelPath, navigate } from "../../core/router";
import { channelTitle, otherPerson } from "../../core/state/selectors";
import { shownName } from "../../core/text/names";
import { Avatar } from "../../kit/Avatar";
import { Dialog } from "../../kit/Dialog";
import { Icon } from "../../kit/Icon";
import { useChatActions } from "../shared/chatContext";
import { useChat } from "../shared/useChat";
import { rank } from "./rank";
import styles from "./Switcher.module.css";

const MAX_RESULTS = 12;

interface Target {
  readonly id: string;
  readonly title: string;
  readonly sub: string;
  readonly unread: number;
  readonly lock: boolean;
  readonly userId: string | null;
  readonly status: "online" | "offline" | undefined;
  readonly open: () => void;
}

export default function Switcher({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const chat = useChatActions();
  const channels = useChat((state) => state.channels);
  const people = useChat((state) => state.people);
  const me = useChat((state) => state.me?.userId);
  const [term, setTerm] = useState("");
  const [chosen, setChosen] = useState(0);
  const listId = useId();

  const targets = useMemo<Target[]>(() => {
    const inDirectMessages = new Set<string>();
    const mine = Object.values(channels).filter((channel) => channel.role !== null);
    const ownChannels = mine.map((channel): Target => {
      const other = otherPerson(channel, me) ?? null;
      if (other) inDirectMessages.add(other);
      return {
        id: channel.channelId,
        title: channelTitle(channel, people, me),
        sub: other
          ? `@${people[other]?.username ?? ""}`
          : channel.kind === "private"
            ? "private channel"
            : "channel",
        unread: channel.unread,
        lock: channel.kind === "private",
        userId: other,
        status: other ? people[other]?.status : undefined,
        open: () => navigate(channelPath(channel.channelId)),
      };
    });
    const others = Object.values(people)
      .filter((person) => person.userId !== me && !inDirectMessages.has(person.userId))
      .map(
        (person): Target => ({
          id: person.userId,
          title: shownName(person.displayName, person.username),
          sub: `@${person.username}`,
          unread: 0,
          lock: false,
          userId: person.userId,
          status: person.status,
          open: () => void chat.channels.openDirectMessage(person.userId),
        }),
      );
    return [...ownChannels, ...others];
  }, [channels, people, me, chat]);

  const shown = useMemo(() => rank(targets, term.trim()).slice(0, MAX_RESULTS), [targets, term]);
  const at = Math.min(chosen, shown.length - 1);

  const open = (target: Target | undefined) => {
    if (!target) return;
    target.open();
    onDone();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : shown.length - 1;
      setChosen(shown.length === 0 ? 0 : (at + by) % shown.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      open(shown[at]);
    }
  };

  return (
    <Dialog title="Find a channel or person" hideHeading fixedTop onClose={onClose}>
      <div>
        <div className={styles.field}>
          <Icon name="search" />
          <input
            className={styles.input}
            role="combobox"
            aria-label="Find a channel or person"
            placeholder="Find a channel or person"
            aria-expanded={shown.length > 0}
            aria-controls={listId}
            aria-activedescendant={shown.length > 0 ? `${listId}-${at}` : undefined}
            aria-autocomplete="list"
            autoComplete="off"
            data-autofocus
            dir="auto"
            value={term}
            onChange={(event) => {
              setTerm(event.target.value);
              setChosen(0);
            }}
            onKeyDown={onKeyDown}
          />
          <kbd className="keys">Esc</kbd>
        </div>
        <div id={listId} role="listbox" aria-label="Channels and people" className={styles.list}>
          {shown.map((target, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the text field has the focus and handles keys.
            <div
              key={target.id}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === at}
              className={styles.item}
              onMouseMove={() => setChosen(index)}
              onClick={() => open(target)}
            >
              {target.userId ? (
                <Avatar userId={target.userId} name={target.title} size={24} status={target.status} />
              ) : (
                <Icon name={target.lock ? "lock" : "hash"} size={18} />
              )}
              <bdi className={styles.title}>{target.title}</bdi>
              <span className={styles.sub}>{target.sub}</span>
              {target.unread > 0 && (
                <span className="badge">{target.unread > 99 ? "99+" : target.unread}</span>
              )}
            </div>
          ))}
        </div>
        <div role="status">
          {shown.length === 0 && <p className={styles.none}>No channels or people match.</p>}
        </div>
      </div>
    </Dialog>
  );
}
