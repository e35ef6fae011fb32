/** The dialog to add people to a channel. */
import { useState } from "react";
import { errorMessage } from "../../core/api/errors";
import type { Channel, User } from "../../core/contract";
import { compareNames } from "../../core/text/collation";
import { fold } from "../../core/text/fold";
import { isolated, shownName } from "../../core/text/names";
import { Avatar } from "../../kit/Avatar";
import { Dialog } from "../../kit/Dialog";
import dialogStyles from "../../kit/Dialog.module.css";
import { useChatActions } from "../shared/chatContext";
import personStyles from "../shared/PersonRow.module.css";
import { useChat } from "../shared/useChat";

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
  const wanted = fold(filter.trim());
  const shown = Object.values(people)
    .filter((person) => !memberIds.has(person.userId))
    .filter((person) => fold(person.displayName).includes(wanted) || fold(person.username).includes(wanted))
    .sort((a, b) => compareNames(a.displayName, b.displayName))
    .slice(0, 50)
    .map((person) => ({ ...person, name: shownName(person.displayName, person.username) }));

  const add = async (person: User) => {
    setBusy(person.userId);
    setFailure(null);
    try {
      await chat.channels.addMember(channel.channelId, person.userId);
      chat.toast("done", `${isolated(shownName(person.displayName, person.username))} is now a member.`);
    } catch (problem) {
      setFailure(errorMessage(problem));
    }
    setBusy(null);
  };

  return (
    <Dialog title="Add people" size="small" onClose={onClose}>
      <input
        className="input"
        type="search"
        aria-label="Find people"
        placeholder="Name"
        data-autofocus
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      {failure && (
        <p className="field-error" role="alert">
          {failure}
        </p>
      )}
      {shown.length === 0 && (
        <p className={dialogStyles.text}>
          {wanted ? "No people match." : "Everyone is already a member of this channel."}
        </p>
      )}
      <ul>
        {shown.map(({ name, ...person }) => (
          <li key={person.userId} className={personStyles.row}>
            <Avatar userId={person.userId} name={name} size={32} status={person.status} />
            <div className={personStyles.text}>
              <bdi className={personStyles.name}>{name}</bdi>
              <span className={personStyles.sub}>@{person.username}</span>
            </div>
            <button
              type="button"
              className="button button-small"
              aria-label={`Add ${name}`}
              disabled={busy !== null}
              onClick={() => void add(person)}
            >
              {busy === person.userId ? "Adding …" : "Add"}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
