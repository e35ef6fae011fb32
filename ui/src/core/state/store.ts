/** The application's one store. State is changed by pure functions only. */
import { createStore } from "zustand/vanilla";
import { type ChatState, initialState } from "./model";

export const store = createStore<ChatState>(() => initialState);

export function change(by: (state: ChatState) => ChatState): void {
  store.setState(by, true);
}
