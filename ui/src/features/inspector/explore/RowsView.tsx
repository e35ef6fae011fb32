/** A row of any table by its key, with what is wrong with it. */
import { type FormEvent, useState } from "react";
import { navigate } from "../../../core/router";
import { Command } from "../Command";
import common from "../common.module.css";
import type { StoredRow, TableKey } from "../contract";
import { useInspector } from "../inspectorContext";
import { JsonView } from "../json/JsonView";
import { rowsPath } from "../routes";
import { Empty, Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import styles from "./Explore.module.css";
import { ExploreTabs } from "./ExploreTabs";

export interface RowAddress {
  readonly table: string | null;
  readonly keyValues: readonly string[];
}

export default function RowsView({ table, keyValues }: RowAddress) {
  const { api } = useInspector();
  const tables = useQuery("tables", () => api.tables());
  const address = JSON.stringify([table, keyValues]);
  return (
    <div className={common.page}>
      <div className={common.pageInner}>
        <ExploreTabs current="rows" />
        <h2 className={common.pageTitle}>A row by its key</h2>
        {tables.value ? (
          <ChooseRow key={address} tables={tables.value.items} table={table} keyValues={keyValues} />
        ) : tables.state === "failed" ? (
          <Failed text={tables.failure} onRetry={tables.refetch} />
        ) : (
          <Loading what="Loading the names of the tables" />
        )}
        {table && keyValues.length > 0 && <Found table={table} keyValues={keyValues} />}
      </div>
    </div>
  );
}

function ChooseRow(props: RowAddress & { readonly tables: readonly TableKey[] }) {
  const { tables } = props;
  const [table, setTable] = useState(props.table ?? tables[0]?.table ?? "");
  const [values, setValues] = useState<readonly string[]>(props.keyValues);
  const names = tables.find((each) => each.table === table)?.key ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    navigate(
      rowsPath(
        table,
        names.map((_, index) => values[index]?.trim() ?? ""),
      ),
    );
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <label className={`${styles.field} ${styles.short}`}>
        Table
        <select value={table} onChange={(event) => setTable(event.target.value)}>
          {tables.map((each) => (
            <option key={each.table}>{each.table}</option>
          ))}
        </select>
      </label>
      {names.map((name, index) => (
        <label key={name} className={styles.field}>
          {name}
          <input
            value={values[index] ?? ""}
            required
            autoComplete="off"
            spellCheck={false}
            onChange={(event) =>
              setValues(names.map((_, at) => (at === index ? event.target.value : (values[at] ?? ""))))
            }
          />
        </label>
      ))}
      <button type="submit" className="button">
        Look up
      </button>
    </form>
  );
}

function Found({ table, keyValues }: { readonly table: string; readonly keyValues: readonly string[] }) {
  const { api } = useInspector();
  const found = useQuery(JSON.stringify([table, keyValues]), () => api.row(table, keyValues));
  if (found.state === "failed") return <Failed text={found.failure} onRetry={found.refetch} />;
  if (!found.value) return <Loading what="Reading the row" />;
  return <Row stored={found.value} />;
}

function Row({ stored }: { readonly stored: StoredRow }) {
  const { row, fault, repair } = stored;
  return (
    <section className={common.card} aria-label={`Row of ${stored.table}`}>
      {row === null ? (
        <Empty icon="search" title="There is no such row">
          <p>If there was one, the archive and the other tables may lead to it.</p>
        </Empty>
      ) : (
        <>
          {fault && (
            <p className={styles.fault} role="alert">
              Its readers leave this row out, or show it as unreadable: {fault}
            </p>
          )}
          <JsonView label="Row" value={row} />
        </>
      )}
      {repair && <Command does={row === null ? "Restore it" : "Repair it"} line={repair} />}
    </section>
  );
}
