/** The current route; the component renders again after each navigation. */
import { useSyncExternalStore } from "react";
import { type CurrentRoute, currentRoute, onNavigation } from "../../core/router";

export function useRoute(): CurrentRoute {
  return useSyncExternalStore(onNavigation, currentRoute);
}
