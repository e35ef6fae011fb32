/** The names of users. The value changes only with names, so that presence does not render messages again. */
import { type Names, namesOf } from "../../core/state/names";
import { useChat } from "./useChat";

export function useNames(): Names {
  return useChat((state) => namesOf(state.people));
}
