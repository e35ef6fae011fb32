/** The button that opens the drawer with the channels on narrow screens. A dot says that others than this one are unread. */
import type { ChatState } from "../../core/state/model";
import { classNames } from "../../kit/classNames";
import { IconButton } from "../../kit/IconButton";
import { isPersonal } from "../shared/isPersonal";
import { useChat } from "../shared/useChat";
import { useRoute } from "../shared/useRoute";
import styles from "./ShowChannels.module.css";

const ID = "show-channels";

interface ShowChannelsProps {
  readonly className?: string | undefined;
  readonly onClick: () => void;
}

export function ShowChannels({ className, onClick }: ShowChannelsProps) {
  const route = useRoute();
  const open = route.page === "channel" ? route.channelId : null;
  const unread = useChat((state) => unreadElsewhere(state, open));
  return (
    <IconButton
      id={ID}
      icon="menu"
      label={unread ? "Show channels, unread messages" : "Show channels"}
      size={20}
      title={undefined}
      className={classNames(styles.button, className)}
      data-unread={unread}
      onClick={onClick}
    />
  );
}

/** Whether channels other than the open one have unread messages, and whether some of these are for the user personally. */
function unreadElsewhere({ channels, mentions }: ChatState, open: string | null) {
  const unread = Object.values(channels).filter(
    (channel) => channel.channelId !== open && channel.role !== null && channel.unread > 0,
  );
  if (unread.length === 0) return undefined;
  return unread.some((channel) => isPersonal(channel, mentions[channel.channelId])) ? "personal" : "others";
}

export function focusShowChannels(): void {
  document.getElementById(ID)?.focus();
}
