/** The text at the start of a channel. */
import type { Channel } from "../../core/contract";
import styles from "./ChannelIntro.module.css";

export function ChannelIntro({ channel, title, empty }: { channel: Channel; title: string; empty: boolean }) {
  return (
    <div className={styles.intro} data-intro>
      {channel.kind === "direct" ? (
        <>
          <h2>
            <bdi>{title}</bdi>
          </h2>
          <p>This is the beginning of your conversation. Only the two of you can read it.</p>
        </>
      ) : (
        <>
          <h2>
            Welcome to <bdi>{channel.kind === "private" ? title : `#${title}`}</bdi>
          </h2>
          <p>
            {channel.role !== null && (empty ? "No messages yet. " : "This is where the channel begins. ")}
            {channel.kind === "private"
              ? "Only its members can find and read this channel."
              : "Anyone can find and join this channel."}
          </p>
        </>
      )}
      {empty && <p>Write the first message below.</p>}
    </div>
  );
}
