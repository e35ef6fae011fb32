/** What message rows need to render and to trigger actions. */
import type { Message } from "../../core/contract";
import type { ResolveMention } from "../shared/Markdown";

export interface MessageActions {
  readonly me: string;
  readonly canDeleteAny: boolean;
  /** The emoji that the toolbar of a message offers without the picker. */
  readonly quickReactions: readonly string[];
  readonly nameOf: (userId: string) => string;
  readonly resolveMention: ResolveMention;
  readonly onEdit: (message: Message) => void;
  readonly onDelete: (message: Message) => void;
  readonly onReact: (message: Message, emoji: string, added: boolean) => void;
  readonly onPickEmoji: (message: Message, anchor: HTMLElement) => void;
  readonly onQuote: (message: Message) => void;
  readonly onCopyLink: (message: Message) => void;
  /** Null if the stage has no inspector. */
  readonly onInspect: ((message: Message) => void) | null;
}
