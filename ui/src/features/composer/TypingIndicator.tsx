/** Who is typing, below the composer. */
import { useChat } from "../shared/useChat";
import { useNames } from "../shared/useNames";
import styles from "./TypingIndicator.module.css";

const NO_ONE: Readonly<Record<string, number>> = {};

export function TypingIndicator({ channelId, connected }: { channelId: string; connected: boolean }) {
  const typing = useChat((state) => state.typing[channelId]) ?? NO_ONE;
  const known = useNames();
  const names = Object.keys(typing).map((userId) => known.ofUser(userId) ?? "Someone");
  return (
    <div className={styles.typing}>
      {connected && names.length > 0 && (
        <>
          <span className={styles.dots} aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
          <span className={styles.text}>{typingText(names)}</span>
        </>
      )}
    </div>
  );
}

function typingText(names: readonly string[]) {
  const [first, second] = names;
  if (names.length === 1)
    return (
      <>
        <bdi>{first}</bdi> is typing
      </>
    );
  if (names.length === 2)
    return (
      <>
        <bdi>{first}</bdi> and <bdi>{second}</bdi> are typing
      </>
    );
  return "Several people are typing";
}
