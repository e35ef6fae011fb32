/** Called when a long text is shown in full or in part, so that the list keeps the reader's place. */
import { createContext } from "react";

/** `element`: any within the message. */
export type KeepPlace = (element: Element, shown: "all" | "part") => void;

export const KeepPlaceContext = createContext<KeepPlace>(() => undefined);
