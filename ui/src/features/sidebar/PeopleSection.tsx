/** The people in the sidebar, online first. */
import { memo } from "react";
import type { User } from "../../core/contract";
import { Avatar } from "../../kit/Avatar";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import type { DialogName } from "../shared/dialogs";
import { useChat } from "../shared/useChat";
import { useNames } from "../shared/useNames";
import styles from "./Sidebar.module.css";
import { LoadError, SidebarSection } from "./SidebarSection";

/** More people are found with the switcher. */
const MAX_PEOPLE_SHOWN = 40;

interface PeopleSectionProps {
  readonly people: readonly User[];
  readonly onOpen: (dialog: DialogName) => void;
  readonly onNavigate: () => void;
}

export function PeopleSection({ people, onOpen, onNavigate }: PeopleSectionProps) {
  const chat = useChatActions();
  const progress = useChat((state) => state.peopleProgress);
  const names = useNames();
  const shown = people.slice(0, MAX_PEOPLE_SHOWN);
  const online = people.filter((person) => person.status === "online").length;
  return (
    <SidebarSection title="People">
      {progress === "loading" && people.length === 0 && <Skeleton lines={3} />}
      {progress === "failed" && (
        <LoadError what="The list of people" onRetry={() => void chat.channels.loadPeople()} />
      )}
      {progress === "ready" && people.length === 0 && <p className={styles.empty}>No other people yet.</p>}
      <ul aria-label="People">
        {shown.map((person) => (
          <PersonItem
            key={person.userId}
            person={person}
            name={names.ofUser(person.userId) ?? person.displayName}
            onNavigate={onNavigate}
          />
        ))}
      </ul>
      {people.length > shown.length && (
        <button
          type="button"
          className={`${styles.link} ${styles.more}`}
          data-region="sidebar"
          onClick={() => onOpen("switch")}
        >
          {online} of {people.length} online: find people
        </button>
      )}
    </SidebarSection>
  );
}

interface PersonItemProps {
  readonly person: User;
  readonly name: string;
  readonly onNavigate: () => void;
}

/** Renders again only if this person changes. */
const PersonItem = memo(function PersonItem({ person, name, onNavigate }: PersonItemProps) {
  const chat = useChatActions();
  return (
    <li>
      <button
        type="button"
        className={styles.link}
        data-status={person.status}
        data-region="sidebar"
        title={`Message ${name}`}
        onClick={() => {
          void chat.channels.openDirectMessage(person.userId);
          onNavigate();
        }}
      >
        <Avatar userId={person.userId} name={name} size={22} status={person.status} />
        <span className={styles.linkName}>
          <bdi>{name}</bdi>
        </span>
        <span className="visually-hidden">, {person.status}</span>
      </button>
    </li>
  );
});
