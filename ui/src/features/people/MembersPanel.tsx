/** The members of a channel, with presence; adding, removing and leaving. */
import { memo, useEffect, useMemo, useState } from "react";
import { errorMessage } from "../../core/api/errors";
import { REFRESH_MEMBERS_EVERY_MS } from "../../core/chat/channels";
import type { Channel, Member, User } from "../../core/contract";
import { namesOf } from "../../core/state/names";
import { isolated } from "../../core/text/names";
import { Avatar } from "../../kit/Avatar";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import dialogStyles from "../../kit/Dialog.module.css";
import { Icon } from "../../kit/Icon";
import { IconButton } from "../../kit/IconButton";
import { keepFocus } from "../../kit/keepFocus";
import { SidePanel } from "../../kit/SidePanel";
import panelStyles from "../../kit/SidePanel.module.css";
import { Skeleton } from "../../kit/Skeleton";
import { WindowedList } from "../../kit/WindowedList";
import { useChatActions } from "../shared/chatContext";
import personStyles from "../shared/PersonRow.module.css";
import { presenceText } from "../shared/presenceText";
import { useChat } from "../shared/useChat";
import { useMinuteTick } from "../shared/useTick";
import { AddPeople } from "./AddPeople";

interface MembersPanelProps {
  readonly channel: Channel;
  readonly title: string;
  readonly takesFocus: boolean;
  readonly onClose: () => void;
}

export function MembersPanel({ channel, title, takesFocus, onClose }: MembersPanelProps) {
  useMinuteTick();
  const { channelId } = channel;
  const chat = useChatActions();
  const list = useChat((state) => state.members[channelId]);
  const people = useChat((state) => state.people);
  const me = useChat((state) => state.me?.userId);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Removable | null>(null);
  const [leaving, setLeaving] = useState(false);

  useEffect(() => {
    void chat.channels.loadMembers(channelId);
    const refresh = () => void chat.channels.refreshMembers(channelId);
    const timer = setInterval(refresh, REFRESH_MEMBERS_EVERY_MS);
    return () => clearInterval(timer);
  }, [chat, channelId]);

  const members = useMemo(() => {
    const names = namesOf(people);
    const current = (list?.members ?? []).map((member) => ({
      ...member,
      ...people[member.userId],
      name: names.ofUser(member.userId) ?? member.displayName,
    }));
    return names.onlineFirst(current);
  }, [list, people]);
  const memberIds = useMemo(() => new Set(list?.members.map(({ userId }) => userId)), [list]);
  const owner = channel.role === "owner";
  const general = channel.name === "general" && channel.kind === "public";

  const attempt = (work: Promise<void>, done: () => void) =>
    work.then(done, (failure: unknown) => {
      done();
      chat.toast("error", errorMessage(failure));
    });

  return (
    <SidePanel title="Members" count={channel.memberCount} takesFocus={takesFocus} onClose={onClose}>
      {channel.kind !== "direct" && channel.role !== null && (
        <div className={panelStyles.tools}>
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
        <p className={panelStyles.note} role="alert" ref={keepFocus}>
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
      {(list?.unreadable ?? 0) > 0 && (
        <p className={panelStyles.note}>
          Not shown, because what is stored of them is damaged: {list?.unreadable}.
        </p>
      )}
      <WindowedList
        label={`Members of ${title}`}
        items={members}
        keyOf={(member) => member.userId}
        row={(member) => (
          <MemberRow
            userId={member.userId}
            name={member.name}
            status={member.status}
            role={member.role}
            presence={presenceText(member)}
            isMe={member.userId === me}
            onRemove={owner && member.userId !== me && channel.kind !== "direct" ? setRemoving : undefined}
          />
        )}
      />
      {list?.cursor && (
        <button
          type="button"
          ref={keepFocus}
          className={`button button-small ${panelStyles.more}`}
          aria-disabled={list.progress === "loading"}
          onClick={() => void chat.channels.loadMembers(channelId, { more: true })}
        >
          {list.progress === "loading" ? "Loading …" : "Show more"}
        </button>
      )}
      {adding && <AddPeople channel={channel} memberIds={memberIds} onClose={() => setAdding(false)} />}
      {removing && (
        <ConfirmDialog
          title={`Remove ${isolated(removing.name)}?`}
          action="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={() =>
            void attempt(chat.channels.removeMember(channelId, removing.userId), () => setRemoving(null))
          }
        >
          <p className={dialogStyles.text}>
            They can no longer read or write in this channel. Their messages stay.
          </p>
        </ConfirmDialog>
      )}
      {leaving && (
        <ConfirmDialog
          title={`Leave ${isolated(title)}?`}
          action="Leave"
          onClose={() => setLeaving(false)}
          onConfirm={() => void attempt(chat.channels.leave(channelId), () => setLeaving(false))}
        >
          <p className={dialogStyles.text}>{leaveConsequences(channel)}</p>
        </ConfirmDialog>
      )}
    </SidePanel>
  );
}

type Removable = Pick<User, "userId"> & { readonly name: string };

interface MemberRowProps extends Removable {
  readonly status: User["status"];
  readonly role: Member["role"];
  /** Online, or when the member was last seen. */
  readonly presence: string;
  readonly isMe: boolean;
  readonly onRemove: ((member: Removable) => void) | undefined;
}

/** Renders again only if this member changes. */
const MemberRow = memo(function MemberRow(props: MemberRowProps) {
  const { userId, name, status, role, presence, isMe, onRemove } = props;
  const chat = useChatActions();
  return (
    <div className={personStyles.row}>
      <Avatar userId={userId} name={name} size={32} status={status} />
      <div className={personStyles.text}>
        <span className={personStyles.line}>
          <bdi className={personStyles.name}>{name}</bdi>
          {isMe && <span className={personStyles.tag}>you</span>}
          {role === "owner" && <span className={personStyles.tag}>owner</span>}
        </span>
        <span className={personStyles.sub}>{presence}</span>
      </div>
      {!isMe && (
        <IconButton
          icon="send"
          label={`Message ${name}`}
          onClick={() => void chat.channels.openDirectMessage(userId)}
        />
      )}
      {onRemove && (
        <IconButton icon="close" label={`Remove ${name}`} onClick={() => onRemove({ userId, name })} />
      )}
    </div>
  );
});

function leaveConsequences({ kind, memberCount, role }: Channel): string {
  const isLast = memberCount <= 1;
  if (kind === "private" && isLast)
    return "You are the last member: the channel will no longer be accessible.";
  const back =
    kind === "private" ? "You can only return if a member adds you." : "You can join again at any time.";
  return role === "owner" && !isLast ? `The longest-standing member becomes the owner. ${back}` : back;
}
