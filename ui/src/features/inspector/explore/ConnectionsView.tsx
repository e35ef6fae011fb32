/** Who is connected: the stored connections with their users. */
import { type FormEvent, useState } from "react";
import { navigate } from "../../../core/router";
import { classNames } from "../../../kit/classNames";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { OpenConnection } from "../contract";
import { count, dayTime, duration, secondTime, shortId } from "../format";
import { useInspector } from "../inspectorContext";
import { Notice } from "../Notice";
import { RefreshButton } from "../RefreshButton";
import { connectionsPath, rowsPath } from "../routes";
import { Empty, Failed, Loading } from "../StatusMessage";
import tables from "../Table.module.css";
import { useQuery } from "../useQuery";
import styles from "./Explore.module.css";
import { ExploreTabs } from "./ExploreTabs";

export default function ConnectionsView({ user }: { readonly user: string | null }) {
  const { api } = useInspector();
  const found = useQuery(`connections of ${user}`, () => api.connections({ user }));
  return (
    <div className={common.page}>
      <div className={common.pageInner}>
        <ExploreTabs current="connections" />
        <header className={common.pageHead}>
          <h2 className={common.pageTitle}>
            Connected users
            {found.value && <span className={common.factsAside}> {found.value.items.length}</span>}
          </h2>
          <div className={common.pageTools}>
            {found.value && <span>as of {secondTime(found.value.readAt)}</span>}
            <RefreshButton busy={found.state === "loading"} onRefresh={found.refetch} />
          </div>
        </header>
        <ChooseUser key={user} user={user ?? ""} />
        {found.state === "failed" && <Failed text={found.failure} onRetry={found.refetch} />}
        {found.value ? (
          <>
            {found.value.truncated && (
              <Notice text={`There are more than ${count(found.value.items.length, "connection")}.`} />
            )}
            <Connections items={found.value.items} readAt={found.value.readAt} />
          </>
        ) : (
          found.state === "loading" && <Loading what="Reading the connections" />
        )}
      </div>
    </div>
  );
}

function ChooseUser({ user }: { readonly user: string }) {
  const [text, setText] = useState(user);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    navigate(connectionsPath(text.trim()));
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <label className={styles.field}>
        Username or id; without one, all users
        <input
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <button type="submit" className="button">
        Show
      </button>
    </form>
  );
}

interface ConnectionsProps {
  readonly items: readonly OpenConnection[];
  readonly readAt: string;
}

function Connections({ items, readAt }: ConnectionsProps) {
  if (items.length === 0) {
    return (
      <Empty icon="people" title="No connections">
        <p>No client has an open socket.</p>
      </Empty>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the keyboard.
    <section className={classNames(common.card, tables.scroll)} aria-label="Connections" tabIndex={0}>
      <table className={classNames(tables.table, styles.connections)}>
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Connected for</th>
            <th scope="col">Ends at the latest</th>
            <th scope="col">Last seen</th>
            <th scope="col">Connection</th>
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={`${each.userId} ${each.connectionId}`}>
              <th scope="row">
                <RouteLink to={connectionsPath(each.userId)}>
                  <bdi>{each.name ?? shortId(each.userId)}</bdi>
                </RouteLink>
              </th>
              <td title={dayTime(each.openedAt)}>
                {duration(Math.max(0, Date.parse(readAt) - Date.parse(each.openedAt)))}
              </td>
              <td>{each.expired ? "expired" : secondTime(each.endsAt)}</td>
              {/* The end of an earlier connection: said only of users who may be gone. */}
              <td>{each.expired && each.lastSeenAt ? dayTime(each.lastSeenAt) : "–"}</td>
              <td>
                <RouteLink to={rowsPath("connections", [each.userId, each.connectionId])}>
                  {each.connectionId}
                </RouteLink>
                {each.fault && <span className={styles.fault}> unreadable: {each.fault}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
