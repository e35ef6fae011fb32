/** Search in one channel, over what the server lets this person see. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { sentence } from "../api/errors";
import { useChatActions } from "../chat/context";
import type { Channel, Message, Person } from "../contract";
import { channelPath, navigate } from "../router";
import { clockTime, shortDay, wholeTime } from "../text/time";
import { Waiting } from "./Sidebar";
import { SidePanelFrame } from "./SidePanelFrame";

const PAGE = 50;

interface SearchPanelProps {
  readonly channel: Channel;
  readonly title: string;
  readonly nameOf: (person: Person) => string;
  readonly onClose: () => void;
}

interface Found {
  readonly term: string;
  readonly messages: readonly Message[];
  /** How far back it was looked; null if to the beginning. */
  readonly searchedTo: number | null;
}

export function SearchPanel({ channel, title, nameOf, onClose }: SearchPanelProps) {
  const { channelId } = channel;
  const chat = useChatActions();
  const [term, setTerm] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const asked = useRef(0);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => field.current?.focus(), []);

  const look = async (wanted: string, onward: Found | null) => {
    if (wanted === "") return;
    asked.current += 1;
    const turn = asked.current;
    setBusy(true);
    setFailure(null);
    if (!onward) setFound(null);
    try {
      const page = await chat.api.messages(channelId, {
        search: wanted,
        limit: PAGE,
        ...(onward?.searchedTo && { before: onward.searchedTo }),
      });
      if (turn !== asked.current) return;
      const newestFirst = [...page.items].sort((a, b) => b.seq - a.seq);
      setFound({
        term: wanted,
        messages: [...(onward?.messages ?? []), ...newestFirst],
        searchedTo: page.hasMore ? page.searchedTo : null,
      });
    } catch (problem) {
      if (turn === asked.current) setFailure(sentence(problem));
    }
    if (turn === asked.current) setBusy(false);
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void look(term.trim(), null);
  };

  return (
    <SidePanelFrame title="Search" onClose={onClose}>
      <search>
        <form onSubmit={submit}>
          <input
            ref={field}
            className="input"
            type="search"
            dir="auto"
            aria-label={`Search in ${title}`}
            placeholder={`Search in ${title}`}
            enterKeyHint="search"
            value={term}
            maxLength={100}
            onChange={(event) => setTerm(event.target.value)}
          />
        </form>
      </search>
      <div className="search-results" aria-live="polite" aria-busy={busy}>
        {failure && (
          <p className="field-error" role="alert">
            {failure}
          </p>
        )}
        {found && (
          <p className="panel-note">
            {found.messages.length === 0
              ? found.searchedTo === null
                ? "No message here has these words."
                : "Nothing yet among the newest messages."
              : `${found.messages.length} found, newest first`}
          </p>
        )}
        {!found && !busy && !failure && (
          <p className="panel-note">Press Enter to search the messages of this channel.</p>
        )}
        <ul>
          {found?.messages.map((message) => {
            const path = channelPath(channelId, message.seq);
            return (
              <li key={message.seq}>
                <a
                  className="found"
                  href={path}
                  onClick={(event) => {
                    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
                    event.preventDefault();
                    navigate(path);
                  }}
                >
                  <span className="found-head">
                    <bdi className="person-name">{nameOf(message.sender)}</bdi>
                    <time
                      className="message-time"
                      dateTime={message.sentAt}
                      title={wholeTime(message.sentAt)}
                    >
                      {shortDay(message.sentAt)}, {clockTime(message.sentAt)}
                    </time>
                  </span>
                  <span className="found-text" dir="auto">
                    <Marked text={message.text} term={found.term} />
                  </span>
                </a>
              </li>
            );
          })}
        </ul>
        {busy && <Waiting lines={4} />}
        {found && found.searchedTo !== null && !busy && (
          <button
            type="button"
            className="button button-small panel-more"
            onClick={() => void look(found.term, found)}
          >
            Look further back
          </button>
        )}
      </div>
    </SidePanelFrame>
  );
}

/** The text around the term, the term marked. */
function Marked({ text, term }: { text: string; term: string }) {
  const at = text.toLowerCase().indexOf(term.toLowerCase());
  if (at < 0) return text;
  const from = Math.max(0, at - 60);
  const end = at + term.length;
  return (
    <>
      {from > 0 && "… "}
      {text.slice(from, at)}
      <mark>{text.slice(at, end)}</mark>
      {text.slice(end, end + 200)}
    </>
  );
}
