/** Load data for a component, with its progress and failure. */
import { useCallback, useEffect, useState } from "react";
import { inspectorErrorMessage } from "./inspectorApi";

export type QueryState<T> =
  | { readonly state: "loading"; readonly value: T | null; readonly failure: null }
  | { readonly state: "ready"; readonly value: T; readonly failure: null }
  | { readonly state: "failed"; readonly value: T | null; readonly failure: string };

/** Call `load`, again when `key` changes. `refetch` repeats it and keeps the value meanwhile. Null `key`: do nothing. */
export function useQuery<T>(
  key: string | null,
  load: () => Promise<T>,
): QueryState<T> & { refetch: () => void } {
  const [state, setState] = useState<QueryState<T> & { key: string | null }>({
    state: "loading",
    value: null,
    failure: null,
    key,
  });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` identifies what `load` loads.
  useEffect(() => {
    if (key === null) return;
    let cancelled = false;
    setState((before) => ({
      state: "loading",
      value: before.key === key ? before.value : null,
      failure: null,
      key,
    }));
    load().then(
      (value) => {
        if (!cancelled) setState({ state: "ready", value, failure: null, key });
      },
      (failure: unknown) => {
        if (!cancelled) {
          setState((before) => ({
            state: "failed",
            value: before.value,
            failure: inspectorErrorMessage(failure),
            key,
          }));
        }
      },
    );
    return () => {
      cancelled = true;
    };
  }, [key, attempt]);
  const refetch = useCallback(() => setAttempt((before) => before + 1), []);
  // Until the effect has run, the state belongs to the previous key.
  const current: QueryState<T> = state.key === key ? state : { state: "loading", value: null, failure: null };
  return { ...current, refetch };
}
