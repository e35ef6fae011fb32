/** The members of a channel as they were, online first. */
import { compareNames } from "../../../core/text/collation";
import { Avatar } from "../../../kit/Avatar";
import panelStyles from "../../../kit/SidePanel.module.css";
import { count } from "../format";
import styles from "./HistoryView.module.css";
import type { PastChannel } from "./projection";

interface PastMembersProps {
  readonly channel: PastChannel;
  readonly title: string;
  readonly truncated: boolean;
  readonly nameOf: (userId: string | null) => string;
}

export function PastMembers({ channel, title, truncated, nameOf }: PastMembersProps) {
  const members = [...channel.members].sort(
    (a, b) => Number(b.online) - Number(a.online) || compareNames(nameOf(a.userId), nameOf(b.userId)),
  );
  return (
    <aside className={styles.side} aria-label="Members at this time">
      <h3>
        Members<span className={panelStyles.count}>{members.length}</span>
      </h3>
      {members.length === 0 ? (
        <p className={panelStyles.note}>No members yet.</p>
      ) : (
        <ul aria-label={`Members of ${title}`}>
          {members.map((member) => (
            <li key={member.userId} className={styles.member}>
              <Avatar
                userId={member.userId}
                name={nameOf(member.userId)}
                size={24}
                status={member.online ? "online" : "offline"}
              />
              <bdi>{nameOf(member.userId)}</bdi>
              <span className={styles.status}>{member.online ? "online" : "offline"}</span>
            </li>
          ))}
        </ul>
      )}
      {channel.unreadable > 0 && (
        <p className={panelStyles.note}>{count(channel.unreadable, "event")} could not be read.</p>
      )}
      {truncated && <p className={panelStyles.note}>Older events are not shown: the limit was reached.</p>}
    </aside>
  );
}
