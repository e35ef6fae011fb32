/** The queues of dead letters: how many wait and since when, each with its reason and the commands about it. */
import { useState } from "react";
import { classNames } from "../../../kit/classNames";
import { Command } from "../Command";
import common from "../common.module.css";
import type { DeadLetterQueue, DeadLetterQueues } from "../contract";
import { count, duration, secondTime, words } from "../format";
import { useInspector } from "../inspectorContext";
import { Outcome } from "../Outcome";
import { RefreshButton } from "../RefreshButton";
import { Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import styles from "./DeadLettersView.module.css";
import { Letter } from "./Letter";
import { Redrive } from "./Redrive";

const about: Readonly<Record<DeadLetterQueue["name"], string>> = {
  delivery: "Events whose run failed or could not start, and messages that did not reach every connection",
  status: "Presence and typing updates that broadcast_status could not post",
  replay: "Replayed events that no command read in time",
};

export function DeadLettersView() {
  const { api } = useInspector();
  const queues = useQuery("dead letters", () => api.deadLetters());
  return (
    <div className={common.page}>
      <div className={common.pageInner}>
        <header className={common.pageHead}>
          <h2 className={common.pageTitle}>Dead letters</h2>
          <div className={common.pageTools}>
            {queues.value && <span>as of {secondTime(queues.value.readAt)}</span>}
            <RefreshButton busy={queues.state === "loading"} onRefresh={queues.refetch} />
          </div>
        </header>
        <p className={common.pageLead}>
          Events that could not be processed are kept here for 14 days. Looking changes nothing.
        </p>
        {queues.state === "failed" && <Failed text={queues.failure} onRetry={queues.refetch} />}
        {queues.value ? (
          <Queues queues={queues.value} onChange={queues.refetch} />
        ) : (
          queues.state === "loading" && <Loading what="Reading the queues" />
        )}
      </div>
    </div>
  );
}

const waiting = (queue: DeadLetterQueue) => queue.visible + queue.held;

function Queues({ queues, onChange }: { readonly queues: DeadLetterQueues; readonly onChange: () => void }) {
  // A queue that was emptied here stays, with what became of its dead letters.
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const used = queues.items.filter((queue) => waiting(queue) > 0 || opened.has(queue.name));
  const changed = (name: string) => {
    setOpened((before) => new Set([...before, name]));
    onChange();
  };
  return (
    <>
      <ul className={styles.tiles} aria-label="Queues">
        {queues.items.map((queue) => (
          <Tile key={queue.name} queue={queue} readAt={queues.readAt} />
        ))}
      </ul>
      {used.length === 0 && <Outcome tone="good">No dead letters.</Outcome>}
      {used.map((queue) => (
        <Queue key={queue.name} queue={queue} onChange={() => changed(queue.name)} />
      ))}
    </>
  );
}

function Tile({ queue, readAt }: { readonly queue: DeadLetterQueue; readonly readAt: string }) {
  const age = queue.oldestAt && duration(Math.max(0, Date.parse(readAt) - Date.parse(queue.oldestAt)));
  return (
    <li className={classNames(common.card, styles.tile)}>
      <h3>
        {words(queue.name)}
        <span className={styles.number} data-some={waiting(queue) > 0}>
          {waiting(queue)}
        </span>
      </h3>
      <p>{about[queue.name]}</p>
      <p className={styles.age}>
        {age
          ? `The oldest has been waiting for ${age}`
          : waiting(queue) > 0
            ? "None can be listed now"
            : "None waiting"}
      </p>
    </li>
  );
}

function Queue({ queue, onChange }: { readonly queue: DeadLetterQueue; readonly onChange: () => void }) {
  const { isOperator } = useInspector();
  const { commands } = queue;
  return (
    <section className={styles.queue} aria-label={`Dead letters of ${queue.name}`}>
      <h3 className={common.sectionTitle}>
        {words(queue.name)}: {count(waiting(queue), "dead letter")}
      </h3>
      <div className={common.card}>
        <Command does="Show the reasons" line={commands.look} />
        <Command does="Process them again" line={commands.redrive} />
        <p className={styles.hint}>Fix the cause first: what fails again comes back.</p>
        {isOperator && <Redrive queue={queue} waiting={waiting(queue)} onDone={onChange} />}
      </div>
      {queue.heldNote && <Outcome tone="warn">{queue.heldNote}</Outcome>}
      <ul className={styles.letters}>
        {queue.items.map((letter) => (
          <Letter key={letter.messageId} letter={letter} />
        ))}
      </ul>
      {queue.truncated && (
        <p className={styles.hint}>
          The page lists {count(queue.items.length, "dead letter")} of about {waiting(queue)}; the command
          shows more.
        </p>
      )}
    </section>
  );
}
