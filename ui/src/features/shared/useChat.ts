/** Select a value from the store; the component renders again when the value changes. */
import { useStore } from "zustand";
import type { ChatState } from "../../core/state/model";
import { store } from "../../core/state/store";

export function useChat<T>(select: (state: ChatState) => T): T {
  return useStore(store, select);
}
