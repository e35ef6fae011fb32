/** The dialog to add people to a channel. */
import { type KeyboardEvent, memo, useCallback, useMemo, useState } from "react";
import { errorMessage } from "../../core/api/errors";
import type { Channel, User } from "../../core/contract";
import { compareNames } from "../../core/text/collation";
import { containsWords } from "../../core/text/fold";
import { isolated } from "../../core/text/names";
import { Avatar } from "../../kit/Avatar";
import { Dialog } from "../../kit/Dialog";
import dialogStyles from "../../kit/Dialog.module.css";
import { keepFocus } from "../../kit/keepFocus";
import { useIsMounted } from "../../kit/useIsMounted";
import { useChatActions } from "../shared/chatContext";
import personStyles from "../shared/PersonRow.module.css";
import { useChat } from "../shared/useChat";
import { useNames } from "../shared/useNames";

const MAX_ADDABLE_SHOWN = 50;

interface Candidate extends Pick<User, "userId" | "username"> {
  readonly name: string;
}

export function AddPeople({
  channel,
  memberIds,
  onClose,
}: {
  channel: Channel;
  memberIds: ReadonlySet<string>;
  onClose: () => void;
}) {
  const chat = useChatActions();
  const people = useChat((state) => state.people);
  const [filter, setFilter] = useState("");
  const [busy, setBusy] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const names = useNames();
  const isMounted = useIsMounted();
  // Not of presence, which changes often.
  const shown = useMemo(
    () =>
      Object.values(names.people)
        .filter((person) => !memberIds.has(person.userId))
        .map(
          ({ userId, username }): Candidate => ({ userId, username, name: names.ofUser(userId) ?? username }),
        )
        .filter(({ name, username }) => containsWords(`${name} @${username}`, filter))
        .sort((a, b) => compareNames(a.name, b.name))
        .slice(0, MAX_ADDABLE_SHOWN),
    [names, memberIds, filter],
  );

  const add = useCallback(
    async ({ userId, name }: Candidate) => {
      setBusy(userId);
      setFailure(null);
      try {
        await chat.channels.addMember(channel.channelId, userId);
        chat.toast("done", `${isolated(name)} is now a member.`);
        // Ready for the next person, unless their name is already being typed.
        setFilter((now) => (now === filter ? "" : now));
      } catch (problem) {
        // The dialog was closed meanwhile.
        if (!isMounted()) return chat.toast("error", errorMessage(problem));
        setFailure(errorMessage(problem));
      }
      setBusy(null);
    },
    [chat, channel.channelId, filter, isMounted],
  );

  /** Enter adds the only match. */
  const onKeyDown = (event: KeyboardEvent) => {
    const [only] = shown;
    if (event.key === "Enter" && filter.trim() !== "" && shown.length === 1 && only && busy === null)
      void add(only);
  };

  return (
    <Dialog title="Add people" size="small" fixedTop onClose={onClose}>
      <input
        className="input"
        type="search"
        aria-label="Find people"
        placeholder="Name"
        data-autofocus
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {failure && (
        <p className="field-error" role="alert">
          {failure}
        </p>
      )}
      <div role="status">
        {shown.length === 0 && (
          <p className={dialogStyles.text}>
            {filter.trim() ? "No people match." : "Everyone is already a member of this channel."}
          </p>
        )}
      </div>
      <ul>
        {shown.map((person) => (
          <PersonRow
            key={person.userId}
            person={person}
            status={people[person.userId]?.status}
            busy={busy}
            onAdd={add}
          />
        ))}
      </ul>
    </Dialog>
  );
}

interface PersonRowProps {
  readonly person: Candidate;
  readonly status: User["status"] | undefined;
  /** The user who is being added. */
  readonly busy: string | null;
  readonly onAdd: (person: Candidate) => Promise<void>;
}

/** Renders again only if this person changes. */
const PersonRow = memo(function PersonRow({ person, status, busy, onAdd }: PersonRowProps) {
  const { userId, username, name } = person;
  return (
    <li className={personStyles.row} ref={keepFocus}>
      <Avatar userId={userId} name={name} size={32} status={status} />
      <div className={personStyles.text}>
        <bdi className={personStyles.name}>{name}</bdi>
        <span className={personStyles.sub}>@{username}</span>
      </div>
      <button
        type="button"
        className="button button-small"
        aria-label={`Add ${name}`}
        aria-disabled={busy !== null}
        onClick={() => {
          if (busy === null) void onAdd(person);
        }}
      >
        {busy === userId ? "Adding …" : "Add"}
      </button>
    </li>
  );
});
