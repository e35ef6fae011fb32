/** Search in one channel, over what the server lets this person see. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { sentence } from "../../core/api/errors";
import type { Channel, Message, Person } from "../../core/contract";
import { channelPath } from "../../core/router";
import { clockTime, shortDay, wholeTime } from "../../core/text/time";
import { SidePanel } from "../../kit/SidePanel";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import { RouteLink } from "../shared/RouteLink";

import "../shared/person.css";
import "./SearchPanel.css";

const PAGE = 50;

interface SearchPanelProps {
  readonly channel: Channel;
  readonly title: string;
  readonly nameOf: (person: Person) => string;
  readonly onClose: () => void;
}

/** What was asked for, and what has come of it so far. */
interface Search {
  readonly term: string;
  /** Newest first; null before the first answer. */
  readonly messages: readonly Message[] | null;
  /** How far back it was looked; null if to the beginning. */
  readonly searchedTo: number | null;
  readonly busy: boolean;
  readonly failure: string | null;
}

export function SearchPanel({ channel, title, nameOf, onClose }: SearchPanelProps) {
  const { channelId } = channel;
  const chat = useChatActions();
  const [text, setText] = useState("");
  const [search, setSearch] = useState<Search | null>(null);
  const asked = useRef(0);
  const field = useRef<HTMLInputElement>(null);
  const term = text.trim();
  // Results of another text than the field's are not shown: they would pass for results of the field's.
  const current = search?.term === term ? search : null;

  useEffect(() => field.current?.focus(), []);

  const look = async (onward: Search | null) => {
    if (term === "") return;
    asked.current += 1;
    const turn = asked.current;
    const begun: Search = {
      term,
      messages: onward?.messages ?? null,
      searchedTo: onward?.searchedTo ?? null,
      busy: true,
      failure: null,
    };
    setSearch(begun);
    const ended = await chat.api
      .messages(channelId, {
        search: term,
        limit: PAGE,
        ...(onward?.searchedTo && { before: onward.searchedTo }),
      })
      .then(
        (page): Search => ({
          ...begun,
          messages: [...(begun.messages ?? []), ...[...page.items].sort((a, b) => b.seq - a.seq)],
          searchedTo: page.hasMore ? page.searchedTo : null,
          busy: false,
        }),
        (problem: unknown): Search => ({ ...begun, busy: false, failure: sentence(problem) }),
      );
    if (turn === asked.current) setSearch(ended);
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void look(null);
  };

  return (
    <SidePanel title="Search" onClose={onClose}>
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
            value={text}
            maxLength={100}
            onChange={(event) => setText(event.target.value)}
          />
        </form>
      </search>
      <div className="search-results" aria-live="polite" aria-busy={current?.busy ?? false}>
        {current?.failure && (
          <p className="field-error" role="alert">
            {current.failure}
          </p>
        )}
        {current?.messages && (
          <p className="panel-note">
            {current.messages.length === 0
              ? current.searchedTo === null
                ? "No message here has these words."
                : "Nothing yet among the newest messages."
              : `${current.messages.length} found, newest first`}
          </p>
        )}
        {!current && <p className="panel-note">Press Enter to search the messages of this channel.</p>}
        <ul>
          {current?.messages?.map((message) => (
            <li key={message.seq}>
              <RouteLink className="found" to={channelPath(channelId, message.seq)}>
                <span className="found-head">
                  <bdi className="person-name">{nameOf(message.sender)}</bdi>
                  <time className="message-time" dateTime={message.sentAt} title={wholeTime(message.sentAt)}>
                    {shortDay(message.sentAt)}, {clockTime(message.sentAt)}
                  </time>
                </span>
                <span className="found-text" dir="auto">
                  <Marked text={message.text} term={current.term} />
                </span>
              </RouteLink>
            </li>
          ))}
        </ul>
        {current?.busy && <Skeleton lines={4} />}
        {current && current.searchedTo !== null && !current.busy && (
          <button type="button" className="button button-small panel-more" onClick={() => void look(current)}>
            Look further back
          </button>
        )}
      </div>
    </SidePanel>
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
