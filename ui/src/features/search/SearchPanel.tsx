/** Search for messages in one channel. */
import { type FormEvent, Fragment, type ReactNode, useEffect, useRef, useState } from "react";
import { errorMessage } from "../../core/api/errors";
import type { Channel, Person } from "../../core/contract";
import { channelPath } from "../../core/router";
import { matchesIn } from "../../core/text/fold";
import { fullTime, shortDate, timeOfDay } from "../../core/text/time";
import { keepFocus } from "../../kit/keepFocus";
import { SidePanel } from "../../kit/SidePanel";
import panelStyles from "../../kit/SidePanel.module.css";
import { Skeleton } from "../../kit/Skeleton";
import { useIsMounted } from "../../kit/useIsMounted";
import { breakable } from "../shared/breakable";
import { useChatActions } from "../shared/chatContext";
import personStyles from "../shared/PersonRow.module.css";
import { RouteLink } from "../shared/RouteLink";
import { focusSearch } from "./focusSearch";
import { keepSearch, lastSearch, type Search } from "./lastSearches";
import styles from "./SearchPanel.module.css";

const PAGE = 50;

interface SearchPanelProps {
  readonly channel: Channel;
  readonly title: string;
  /** The seq of the linked message. */
  readonly target: number | null;
  readonly takesFocus: boolean;
  readonly nameOf: (person: Person) => string;
  readonly onClose: () => void;
}

export function SearchPanel(props: SearchPanelProps) {
  const { channel, title, target, takesFocus, nameOf, onClose } = props;
  const { channelId } = channel;
  const chat = useChatActions();
  const [search, setSearch] = useState(() => lastSearch(chat, channelId));
  const [text, setText] = useState(search?.term ?? "");
  const isMounted = useIsMounted();
  const lastRequest = useRef(0);
  const term = text.trim();
  // Results are shown only while the field contains the term that they belong to.
  const current = search?.term === term ? search : null;

  useEffect(() => {
    if (takesFocus) focusSearch();
  }, [takesFocus]);

  const runSearch = async (previous: Search | null) => {
    if (term === "") return;
    lastRequest.current += 1;
    const request = lastRequest.current;
    const pending: Search = {
      term,
      messages: previous?.messages ?? null,
      searchedTo: previous?.searchedTo ?? null,
      busy: true,
      failure: null,
    };
    setSearch(pending);
    const finished = await chat.api
      .messages(channelId, {
        search: term,
        limit: PAGE,
        ...(previous?.searchedTo && { before: previous.searchedTo }),
      })
      .then(
        (page): Search => ({
          ...pending,
          messages: [...(pending.messages ?? []), ...[...page.items].sort((a, b) => b.seq - a.seq)],
          searchedTo: page.hasMore ? page.searchedTo : null,
          busy: false,
        }),
        (problem: unknown): Search => ({ ...pending, busy: false, failure: errorMessage(problem) }),
      );
    if (request !== lastRequest.current || !isMounted()) return;
    setSearch(finished);
    keepSearch(chat, channelId, finished);
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void runSearch(null);
  };

  return (
    <SidePanel title="Search" takesFocus={takesFocus} onClose={onClose}>
      <search>
        <form className={styles.form} onSubmit={submit}>
          <input
            className="input"
            data-field="search"
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
      {current?.failure && (
        <p className="field-error" role="alert">
          {current.failure}
        </p>
      )}
      {/* Only the number of results is announced: reading out their texts would take minutes. */}
      <div role="status">
        {current?.messages && (
          <p className={panelStyles.note}>
            {current.messages.length === 0
              ? current.searchedTo === null
                ? "No messages match."
                : "No matches in the newest messages."
              : `${current.messages.length} found${current.searchedTo === null ? "" : " so far"}, newest first`}
          </p>
        )}
      </div>
      {!current && (
        <>
          <p className={panelStyles.note}>Press Enter to search the messages of this channel.</p>
          <p className={panelStyles.note}>
            Messages match if they contain all words, in any order. Case and accents make no difference.
          </p>
        </>
      )}
      <ul>
        {current?.messages?.map((message) => (
          <li key={message.seq}>
            <RouteLink
              className={styles.result}
              to={channelPath(channelId, message.seq)}
              current={message.seq === target}
            >
              <span className={styles.head}>
                <bdi className={personStyles.name}>{nameOf(message.sender)}</bdi>
                <time className={styles.time} dateTime={message.sentAt} title={fullTime(message.sentAt)}>
                  {shortDate(message.sentAt)}, {timeOfDay(message.sentAt)}
                </time>
              </span>
              <span className={styles.text} dir="auto">
                <HighlightedText text={message.text} term={current.term} />
              </span>
            </RouteLink>
          </li>
        ))}
      </ul>
      {current?.busy && <Skeleton lines={4} />}
      {current && current.searchedTo !== null && (
        <button
          type="button"
          ref={keepFocus}
          className={`button button-small ${panelStyles.more}`}
          aria-disabled={current.busy}
          onClick={() => {
            if (!current.busy) void runSearch(current);
          }}
        >
          {current.busy ? "Searching …" : "Search older messages"}
        </button>
      )}
    </SidePanel>
  );
}

const CONTEXT_BEFORE = 60;
const CONTEXT_AFTER = 200;

/** The text around the first match, with the matches highlighted. On one line: only the first lines are shown. */
function HighlightedText({ text: original, term }: { text: string; term: string }) {
  const text = original.replace(/\s*[\r\n]\s*/g, " ");
  const matches = matchesIn(text, term);
  const [first] = matches;
  if (!first) return breakable(text);
  const from = characterStart(text, first.start - CONTEXT_BEFORE);
  const to = characterStart(text, first.end + CONTEXT_AFTER);
  const parts: ReactNode[] = [];
  let done = from;
  for (const { start, end } of matches) {
    if (end > to) break;
    parts.push(
      <Fragment key={start}>
        {breakable(text.slice(done, start))}
        <mark>{breakable(text.slice(start, end))}</mark>
      </Fragment>,
    );
    done = end;
  }
  return (
    <>
      {from > 0 && "… "}
      {parts}
      {breakable(text.slice(done, to))}
      {to < text.length && " …"}
    </>
  );
}

/** The position, or the one before it if it is within a surrogate pair. */
function characterStart(text: string, position: number): number {
  const at = Math.min(text.length, Math.max(0, position));
  return /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at;
}
