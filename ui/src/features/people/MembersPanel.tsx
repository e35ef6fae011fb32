/** The members of a channel, with presence; adding, removing and leaving. */
import { useEffect, useMemo, useState } from "react";
import { errorMessage } from "../../core/api/errors";
import { serverNow } from "../../core/clock";
import type { Channel, Member, User } from "../../core/contract";
import { byName, byPresence } from "../../core/state/selectors";
import { ago } from "../../core/text/time";
import { Avatar } from "../../kit/Avatar";
import { Dialog } from "../../kit/Dialog";
import { Icon } from "../../kit/Icon";
import { SidePanel } from "../../kit/SidePanel";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import { useChat } from "../shared/useChat";
import "../shared/person.css";

export function MembersPanel({
  channel,
  title,
  onClose,
}: {
  channel: Channel;
  title: string;
  onClose: () => void;
}) {
  const { channelId } = channel;
  const chat = useChatActions();
  const list = useChat((state) => state.members[channelId]);
  const people = useChat((state) => state.people);
  const me = useChat((state) => state.me?.userId);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Member | null>(null);
  const [leaving, setLeaving] = useState(false);

  useEffect(() => {
    void chat.channels.loadMembers(channelId);
  }, [chat, channelId]);

  const members = useMemo(
    () => (list?.members ?? []).map((member) => ({ ...member, ...people[member.userId] })).sort(byPresence),
    [list, people],
  );
  const owner = channel.role === "owner";
  const general = channel.name === "general" && channel.kind === "public";

  const attempt = (work: Promise<void>, done: () => void) =>
    work.then(done, (failure: unknown) => {
      done();
      chat.toast("error", errorMessage(failure));
    });

  return (
    <SidePanel title="Members" count={channel.memberCount} onClose={onClose}>
      {channel.kind !== "direct" && channel.role !== null && (
        <div className="panel-tools">
          <button type="button" className="button button-small" onClick={() => setAdding(true)}>
            <Icon name="plus" size={16} /> Add people
          </button>
          {!general && (
            <button type="button" className="button button-small" onClick={() => setLeaving(true)}>
              <Icon name="leave" size={16} /> Leave
            </button>
          )}
        </div>
      )}
      {!list || (list.progress === "loading" && list.members.length === 0) ? <Skeleton lines={5} /> : null}
      {list?.progress === "failed" && (
        <p className="panel-note" role="alert">
          The members could not be loaded.{" "}
          <button
            type="button"
            className="button-link"
            onClick={() => void chat.channels.loadMembers(channelId)}
          >
            Try again
          </button>
        </p>
      )}
      <ul className="panel-list" aria-label={`Members of ${title}`}>
        {members.map((member) => (
          <li key={member.userId} className="person">
            <Avatar userId={member.userId} name={member.displayName} size={32} status={member.status} />
            <div className="person-text">
              <span className="person-line">
                <bdi className="person-name">{member.displayName}</bdi>
                {member.userId === me && <span className="person-tag">you</span>}
                {member.role === "owner" && <span className="person-tag">owner</span>}
              </span>
              <span className="person-sub">{presenceText(member)}</span>
            </div>
            {member.userId !== me && (
              <button
                type="button"
                className="icon-button"
                aria-label={`Message ${member.displayName}`}
                title={`Message ${member.displayName}`}
                onClick={() => void chat.channels.openDirectMessage(member.userId)}
              >
                <Icon name="send" size={18} />
              </button>
            )}
            {owner && member.userId !== me && channel.kind !== "direct" && (
              <button
                type="button"
                className="icon-button"
                aria-label={`Remove ${member.displayName}`}
                title={`Remove ${member.displayName}`}
                onClick={() => setRemoving(member)}
              >
                <Icon name="close" size={18} />
              </button>
            )}
          </li>
        ))}
      </ul>
      {list?.cursor && (
        <button
          type="button"
          className="button button-small panel-more"
          disabled={list.progress === "loading"}
          onClick={() => void chat.channels.loadMembers(channelId, { more: true })}
        >
          {list.progress === "loading" ? "Loading …" : "Show more"}
        </button>
      )}
      {adding && (
        <AddPeople
          channel={channel}
          memberIds={new Set(members.map((member) => member.userId))}
          onClose={() => setAdding(false)}
        />
      )}
      {removing && (
        <ConfirmDialog
          title={`Remove ${removing.displayName}?`}
          text="They can no longer read or write in this channel. Their messages stay."
          action="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={() =>
            void attempt(chat.channels.removeMember(channelId, removing.userId), () => setRemoving(null))
          }
        />
      )}
      {leaving && (
        <ConfirmDialog
          title={`Leave ${title}?`}
          text={leaveConsequences(channel)}
          action="Leave"
          onClose={() => setLeaving(false)}
          onConfirm={() => void attempt(chat.channels.leave(channelId), () => setLeaving(false))}
        />
      )}
    </SidePanel>
  );
}

function leaveConsequences({ kind, memberCount, role }: Channel): string {
  const isLast = memberCount <= 1;
  if (kind === "private" && isLast)
    return "You are the last member: the channel will no longer be accessible.";
  const back =
    kind === "private" ? "You can only return if a member adds you." : "You can join again at any time.";
  return role === "owner" && !isLast ? `The longest-standing member becomes the owner. ${back}` : back;
}

function presenceText(person: User): string {
  if (person.status === "online") return "online";
  return person.lastSeenAt ? `last seen ${ago(person.lastSeenAt, serverNow())}` : "offline";
}

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

function ConfirmDialog({ title, text, action, onClose, onConfirm }: ConfirmProps) {
  return (
    <Dialog title={title} size="small" onClose={onClose}>
      <p className="dialog-text">{text}</p>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="button button-danger" data-autofocus onClick={onConfirm}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}

function AddPeople({
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
  const wanted = filter.trim().toLowerCase();
  const shown = Object.values(people)
    .filter((person) => !memberIds.has(person.userId))
    .filter(
      (person) =>
        person.displayName.toLowerCase().includes(wanted) || person.username.toLowerCase().includes(wanted),
    )
    .sort(byName)
    .slice(0, 50);

  const add = async (person: User) => {
    setBusy(person.userId);
    setFailure(null);
    try {
      await chat.channels.addMember(channel.channelId, person.userId);
      chat.toast("info", `${person.displayName} is now a member.`);
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
        <p className="dialog-text">
          {wanted ? "No people match." : "Everyone is already a member of this channel."}
        </p>
      )}
      <ul className="panel-list">
        {shown.map((person) => (
          <li key={person.userId} className="person">
            <Avatar userId={person.userId} name={person.displayName} size={32} status={person.status} />
            <div className="person-text">
              <bdi className="person-name">{person.displayName}</bdi>
              <span className="person-sub">@{person.username}</span>
            </div>
            <button
              type="button"
              className="button button-small"
              aria-label={`Add ${person.displayName}`}
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
