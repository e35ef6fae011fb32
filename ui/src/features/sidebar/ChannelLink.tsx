/** A link to a channel, with presence and unread count. */
import { memo, useEffect, useRef } from "react";
import type { Channel } from "../../core/contract";
import { channelPath } from "../../core/router";
import { channelTitle, otherPerson } from "../../core/state/selectors";
import { hasVisible } from "../../core/text/visible";
import { Avatar } from "../../kit/Avatar";
import { classNames } from "../../kit/classNames";
import { Icon } from "../../kit/Icon";
import { isPersonal } from "../shared/isPersonal";
import { RouteLink } from "../shared/RouteLink";
import { useChat } from "../shared/useChat";
import { useRoute } from "../shared/useRoute";
import styles from "./Sidebar.module.css";

interface ChannelLinkProps {
  readonly channel: Channel;
  readonly onNavigate: () => void;
}

export const ChannelLink = memo(function ChannelLink({ channel, onNavigate }: ChannelLinkProps) {
  const route = useRoute();
  const me = useChat((state) => state.me?.userId);
  const other = otherPerson(channel, me);
  const person = useChat((state) => (other ? state.people[other] : undefined));
  const title = useChat((state) => channelTitle(channel, state.people, me));
  const mentions = useChat((state) => state.mentions[channel.channelId]);
  const mentionCount = mentions?.size ?? 0;
  const unread = channel.unread;
  const open = route.page === "channel" && route.channelId === channel.channelId;
  const hasDraft = useChat((state) => hasVisible(state.drafts[channel.channelId] ?? ""));
  const item = useRef<HTMLLIElement>(null);
  // A shortcut, the switcher or a link may open a channel that is scrolled out of the list.
  useEffect(() => {
    if (open) item.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <li ref={item}>
      <RouteLink
        to={channelPath(channel.channelId)}
        className={classNames(styles.link, unread > 0 && styles.unread)}
        data-region="sidebar"
        current={open}
        onNavigate={onNavigate}
      >
        {other ? (
          <Avatar userId={other} name={title} size={22} status={person?.status ?? "offline"} />
        ) : (
          <Icon name={channel.kind === "private" ? "lock" : "hash"} size={16} />
        )}
        <span className={styles.linkName}>
          <bdi>{title}</bdi>
        </span>
        {channel.kind === "private" && <span className="visually-hidden">, private</span>}
        {person && <span className="visually-hidden">, {person.status}</span>}
        {hasDraft && !open && (
          <span className={styles.draft}>
            <Icon name="edit" size={14} />
            <span className="visually-hidden">, draft</span>
          </span>
        )}
        {unread > 0 && (
          <span className={classNames("badge", isPersonal(channel, mentions) && "badge-strong")}>
            <span className="visually-hidden">, </span>
            {unread > 99 ? "99+" : unread}
            <span className="visually-hidden"> unread</span>
            {mentionCount > 0 && (
              <span className="visually-hidden">
                , {mentionCount === 1 ? "one mentions you" : `${mentionCount} mention you`}
              </span>
            )}
          </span>
        )}
      </RouteLink>
    </li>
  );
});
