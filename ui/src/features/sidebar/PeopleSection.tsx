/** The people in the sidebar, online first. */
import type { User } from "../../core/contract";
import { Avatar } from "../../kit/Avatar";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import type { DialogName } from "../shared/dialogs";
import { useChat } from "../shared/useChat";
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
          <li key={person.userId}>
            <button
              type="button"
              className={styles.link}
              data-status={person.status}
              data-region="sidebar"
              title={`Message ${person.displayName}`}
              onClick={() => {
                void chat.channels.openDirectMessage(person.userId);
                onNavigate();
              }}
            >
              <Avatar userId={person.userId} name={person.displayName} size={22} status={person.status} />
              <span className={styles.linkName}>
                <bdi>{person.displayName}</bdi>
              </span>
              <span className="visually-hidden">, {person.status}</span>
            </button>
          </li>
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
