/** One dead letter: its event, why it is there, whom it missed, and the commands about it. */
import { CopyButton } from "../../../kit/CopyButton";
import { RouteLink } from "../../shared/RouteLink";
import { Command } from "../Command";
import common from "../common.module.css";
import type { ListedDeadLetter } from "../contract";
import { Fact } from "../Fact";
import { count, dayTime, shortId, words } from "../format";
import { useInspector } from "../inspectorContext";
import { ErrorText } from "../Outcome";
import { deliveryPath, logsPath } from "../routes";
import { useInspectorNames } from "../useInspectorNames";
import styles from "./DeadLettersView.module.css";

export function Letter({ letter }: { readonly letter: ListedDeadLetter }) {
  const names = useInspectorNames();
  const { isOperator } = useInspector();
  const { commands } = letter;
  const occurredAt = readableTime(letter.occurredAt);
  return (
    <li className={common.card}>
      <header className={styles.letterHead}>
        <h4>
          <bdi>{letter.detailType ? words(letter.detailType) : "Not an event"}</bdi>
        </h4>
        <span className={common.id} title={letter.messageId}>
          {shortId(letter.messageId)}
          <CopyButton what="the dead letter's id" text={() => letter.messageId} />
        </span>
      </header>
      <ErrorText>{letter.reason}</ErrorText>
      <dl className={common.facts}>
        {letter.sentAt && (
          <Fact name="Waiting since">
            <time dateTime={letter.sentAt}>{dayTime(letter.sentAt)}</time>
          </Fact>
        )}
        {occurredAt && (
          <Fact name="Happened">
            <time dateTime={occurredAt}>{dayTime(occurredAt)}</time>
          </Fact>
        )}
        {letter.channelId && (
          <Fact name="Channel">
            <bdi>{names.ofChannel(letter.channelId)}</bdi>
          </Fact>
        )}
        {letter.userId && (
          <Fact name="User">
            <bdi>{names.ofUser(letter.userId)}</bdi>
          </Fact>
        )}
        {letter.detailType && (
          <Fact name="Not reached">
            {letter.resumes
              ? "the rest of the connections"
              : letter.missed === null
                ? "all"
                : count(letter.missed, "connection")}
          </Fact>
        )}
        {letter.retries !== null && <Fact name="Retries by EventBridge">{letter.retries}</Fact>}
        {letter.eventId && <Fact name="Event">{letter.eventId}</Fact>}
        {letter.correlationId && isOperator && (
          <Fact name="Log lines">
            <RouteLink to={logsPath(letter.correlationId)}>{letter.correlationId}</RouteLink>
          </Fact>
        )}
        {letter.aboutMessageId && (
          <Fact name="Message">
            <RouteLink to={deliveryPath(letter.aboutMessageId)}>{letter.aboutMessageId}</RouteLink>
          </Fact>
        )}
      </dl>
      <div className={styles.commands}>
        <Command does="All fields" line={commands.show} />
        {commands.follow && <Command does="The message" line={commands.follow} />}
        {commands.logs && <Command does="Its log lines" line={commands.logs} />}
        <Command does="Take it out" line={commands.discard} />
      </div>
    </li>
  );
}

/** A malformed event may have any text as its time. */
function readableTime(text: string | null): string | null {
  return text && !Number.isNaN(Date.parse(text)) ? text : null;
}
