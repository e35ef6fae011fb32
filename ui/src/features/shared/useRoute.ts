/** The current route; the component renders again after each navigation. */
import { useSyncExternalStore } from "react";
import { currentRoute, onNavigation, type Visit } from "../../core/router";

export function useRoute(): Visit {
  return useSyncExternalStore(onNavigation, currentRoute);
}
