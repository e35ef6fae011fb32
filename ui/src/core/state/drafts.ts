/** Drafts: text in the composer that was not sent, per channel, and edits that were not saved, per message. Pure. */
import type { ChatState } from "./model";

/** An edit that was not saved. */
export interface EditDraft {
  readonly channelId: string;
  readonly seq: number;
  /** The text of the message when the edit began. */
  readonly original: string;
  readonly text: string;
}

export const editKey = (channelId: string, seq: number) => `${channelId}/${seq}`;

export function withDraft(state: ChatState, channelId: string, text: string): ChatState {
  if ((state.drafts[channelId] ?? "") === text) return state;
  const { [channelId]: _, ...others } = state.drafts;
  return { ...state, drafts: text === "" ? others : { ...others, [channelId]: text } };
}

export function withEdit(state: ChatState, edit: EditDraft): ChatState {
  const { channelId, seq, original, text } = edit;
  if (text === original) return withoutEdit(state, channelId, seq);
  return { ...state, edits: { ...state.edits, [editKey(channelId, seq)]: edit } };
}

export function withoutEdit(state: ChatState, channelId: string, seq: number): ChatState {
  const { [editKey(channelId, seq)]: edit, ...edits } = state.edits;
  return edit ? { ...state, edits } : state;
}

/** The message of an edit was deleted: its text becomes a part of the channel's draft. */
export function withEditAsDraft(state: ChatState, channelId: string, seq: number): ChatState {
  const edit = state.edits[editKey(channelId, seq)];
  if (!edit) return state;
  const draft = state.drafts[channelId];
  const text = draft ? `${draft}\n\n${edit.text}` : edit.text;
  return withDraft(withoutEdit(state, channelId, seq), channelId, text);
}

/** The unsaved edits of a channel, in the order of its messages. */
export function editsOf(edits: ChatState["edits"], channelId: string): EditDraft[] {
  return Object.values(edits)
    .filter((edit) => edit.channelId === channelId)
    .sort((a, b) => a.seq - b.seq);
}
