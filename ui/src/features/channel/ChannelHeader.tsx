/** The header of a channel: title, presence of the other user, buttons of the side panels. */
import { useEffect } from "react";
import type { Channel } from "../../core/contract";
import { otherPerson } from "../../core/state/selectors";
import { Avatar } from "../../kit/Avatar";
import { Icon } from "../../kit/Icon";
import { IconButton } from "../../kit/IconButton";
import { useChatActions } from "../shared/chatContext";
import { presenceText } from "../shared/presenceText";
import { useChat } from "../shared/useChat";
import { useMinuteTick } from "../shared/useTick";
import styles from "./ChannelHeader.module.css";
import { memberCountText } from "./memberCountText";
import { ShowChannels } from "./ShowChannels";

export type SidePanelName = "members" | "search";

interface ChannelHeaderProps {
  readonly channel: Channel;
  readonly title: string;
  readonly panel: SidePanelName | null;
  readonly onPanel: (panel: SidePanelName | null) => void;
  readonly onMenu: () => void;
}

export function ChannelHeader({ channel, title, panel, onPanel, onMenu }: ChannelHeaderProps) {
  useMinuteTick();
  const { channelId, kind, memberCount } = channel;
  const isMember = channel.role !== null;
  const chat = useChatActions();
  const me = useChat((state) => state.me?.userId);
  const other = otherPerson(channel, me);
  const person = useChat((state) => (other ? state.people[other] : undefined));
  const toggle = (name: SidePanelName) => onPanel(panel === name ? null : name);

  const otherUnknown = other !== undefined && !person;
  useEffect(() => {
    if (otherUnknown) void chat.channels.loadMembers(channelId);
  }, [chat, channelId, otherUnknown]);

  return (
    <header className={styles.head}>
      <ShowChannels className={styles.menu} onClick={onMenu} />
      {other && <Avatar userId={other} name={title} size={28} status={person?.status ?? "offline"} />}
      <div className={styles.title}>
        <h1>
          {kind !== "direct" && <Icon name={kind === "private" ? "lock" : "hash"} size={18} />}
          <bdi>{title}</bdi>
        </h1>
        {person && <span className={styles.sub}>{presenceText(person)}</span>}
        {!isMember && <span className={styles.sub}>{memberCountText(memberCount)}</span>}
      </div>
      {isMember && kind !== "direct" && (
        <button
          type="button"
          className={`button button-small ${styles.members}`}
          aria-pressed={panel === "members"}
          aria-label={`Members, ${memberCount}`}
          onClick={() => toggle("members")}
        >
          <Icon name="people" size={18} />
          {memberCount}
        </button>
      )}
      {isMember && (
        <IconButton
          icon="search"
          label="Search in this channel"
          size={20}
          aria-pressed={panel === "search"}
          onClick={() => toggle("search")}
        />
      )}
    </header>
  );
}
