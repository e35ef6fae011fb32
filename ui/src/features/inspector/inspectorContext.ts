/** The API and the live feed, for the inspector's components. */
import { createContext, useContext } from "react";
import type { InspectorApi } from "./inspectorApi";
import type { LiveFeed } from "./live/feed";
import type { StageNames } from "./stageNames";

export interface Inspector {
  readonly api: InspectorApi;
  readonly feed: LiveFeed;
  /** Names that are read from the stage, where there is no chat that knows them. */
  readonly names: StageNames | null;
  /** Whether the page is that of `parley inspect`, which may change the stage. */
  readonly isOperator: boolean;
}

export const InspectorContext = createContext<Inspector | null>(null);

export function useInspector(): Inspector {
  const inspector = useContext(InspectorContext);
  if (!inspector) throw new Error("No inspector above this component.");
  return inspector;
}
