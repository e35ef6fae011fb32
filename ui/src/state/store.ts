/** The one store: holds the state, applies pure changes, tells React. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { type ChatState, initialState } from "./model";

export type ChatStore = ReturnType<typeof makeStore>;

export function makeStore() {
  return createStore<ChatState>(() => initialState);
}

export const store = makeStore();

export function change(by: (state: ChatState) => ChatState): void {
  store.setState(by, true);
}

/** A component renders again when what `select` gives is another value: select the least that is needed. */
export function useChat<T>(select: (state: ChatState) => T): T {
  return useStore(store, select);
}
