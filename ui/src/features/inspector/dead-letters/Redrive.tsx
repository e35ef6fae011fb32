/** The button that processes the dead letters of a queue again, after it has asked, and what became of them. */
import { useState } from "react";
import { ConfirmDialog } from "../../../kit/ConfirmDialog";
import { Icon } from "../../../kit/Icon";
import common from "../common.module.css";
import type { DeadLetterQueue, RedriveReport } from "../contract";
import { count, shortId, words } from "../format";
import { inspectorErrorMessage } from "../inspectorApi";
import { useInspector } from "../inspectorContext";
import { ErrorText } from "../Outcome";
import styles from "./DeadLettersView.module.css";

type State =
  | { readonly at: "idle" | "asking" | "working" }
  | { readonly at: "done"; readonly report: RedriveReport }
  | { readonly at: "failed"; readonly text: string };

interface RedriveProps {
  readonly queue: DeadLetterQueue;
  readonly waiting: number;
  readonly onDone: () => void;
}

export function Redrive({ queue, waiting, onDone }: RedriveProps) {
  const { api } = useInspector();
  const [state, setState] = useState<State>({ at: "idle" });
  const redrive = async () => {
    setState({ at: "working" });
    try {
      setState({ at: "done", report: await api.redrive(queue.name) });
    } catch (failure) {
      setState({ at: "failed", text: inspectorErrorMessage(failure) });
    }
    onDone();
  };
  const unavailable = state.at === "working" || waiting === 0;
  return (
    <div className={styles.redrive}>
      <button
        type="button"
        className="button"
        aria-disabled={unavailable}
        onClick={() => {
          if (!unavailable) setState({ at: "asking" });
        }}
      >
        <Icon name="retry" size={16} /> {state.at === "working" ? "Processing them …" : "Process them again"}
      </button>
      {state.at === "asking" && (
        <ConfirmDialog
          title={`Process the dead letters of ${queue.name} again?`}
          action="Process them"
          onClose={() => setState({ at: "idle" })}
          onConfirm={() => void redrive()}
        >
          <p>
            {queue.name === "delivery"
              ? "The workflow runs again for each of them: messages are stored and posted to the users whom they did not reach."
              : "Each of them returns to the queue that it came from."}
          </p>
          <p>
            {count(waiting, "dead letter")}, at most 100 at a time. What fails again comes back. Other
            operators see in <code>parley operations</code> that you did this.
          </p>
        </ConfirmDialog>
      )}
      <div role="status">{state.at === "done" && <Report report={state.report} />}</div>
      {state.at === "failed" && <ErrorText role="alert">{state.text}</ErrorText>}
    </div>
  );
}

function Report({ report: { redriven, failed, notes } }: { readonly report: RedriveReport }) {
  return (
    <>
      <p>
        <strong>
          {redriven} of {count(redriven + failed.length, "dead letter")} processed.
        </strong>
      </p>
      {failed.length > 0 && (
        <ul className={common.facts} aria-label="Not processed">
          {failed.map((each) => (
            <li key={each.messageId}>
              <ErrorText>
                {each.detailType ? words(each.detailType) : "Not an event"} {shortId(each.eventId)}:{" "}
                {each.note}
              </ErrorText>
            </li>
          ))}
        </ul>
      )}
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </>
  );
}
