/** The filter controls of a list. */

import { useMemo } from "react";
import { compareNames } from "../../../core/text/collation";
import { classNames } from "../../../kit/classNames";
import { focusOnRemoval } from "../../../kit/keepFocus";
import { words } from "../format";
import { useInspectorNames } from "../useInspectorNames";
import styles from "./Filters.module.css";
import { CHANNEL_EVENTS, type Filter, NO_FILTER, STATUS_UPDATES } from "./matching";

const focusFiltersOnRemoval = focusOnRemoval(
  (removed) => removed.parentElement?.querySelector("select") ?? null,
);

interface FiltersProps {
  readonly filter: Filter;
  readonly ephemeral: boolean;
  readonly statuses: boolean;
  readonly onChange: (filter: Filter) => void;
}

export function Filters({ filter, ephemeral, statuses, onChange }: FiltersProps) {
  const names = useInspectorNames();
  const channelIds = useMemo(
    () => options(names.channelIds, filter.channelId, names.ofChannel),
    [names.channelIds, filter.channelId, names.ofChannel],
  );
  const userIds = useMemo(
    () => options(names.userIds, filter.userId, names.ofUser),
    [names.userIds, filter.userId, names.ofUser],
  );
  const set = (part: Partial<Filter>) => onChange({ ...filter, ...part });
  const types = ephemeral ? [...CHANNEL_EVENTS, ...STATUS_UPDATES] : CHANNEL_EVENTS;
  return (
    <fieldset className={styles.filters} aria-label="Filters">
      <Choice
        label="Type"
        value={filter.type}
        options={types.map((type) => [type, words(type)])}
        onChange={(type) => set({ type })}
      />
      {statuses && (
        <Choice
          label="Status"
          value={filter.status}
          options={[
            ["succeeded", "Succeeded"],
            ["failed", "Failed"],
            ["troubled", "With problems"],
          ]}
          onChange={(status) => set({ status: status as Filter["status"] })}
        />
      )}
      <Choice
        label="Channel"
        value={filter.channelId}
        options={channelIds}
        onChange={(channelId) => set({ channelId })}
      />
      <Choice label="User" value={filter.userId} options={userIds} onChange={(userId) => set({ userId })} />
      {Object.values(filter).some(Boolean) && (
        <button
          type="button"
          ref={focusFiltersOnRemoval}
          className={`button-link ${styles.clear}`}
          onClick={() => onChange(NO_FILTER)}
        >
          Clear
        </button>
      )}
    </fieldset>
  );
}

function options(ids: readonly string[], chosen: string, nameOf: (id: string) => string): [string, string][] {
  const all = chosen && !ids.includes(chosen) ? [...ids, chosen] : ids;
  return all.map((id): [string, string] => [id, nameOf(id)]).sort(([, a], [, b]) => compareNames(a, b));
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <select
      className={classNames(styles.filter, value && styles.set)}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{label}: all</option>
      {options.map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
