/** Keeps drafts in the browser, per user, and the same in all of its tabs: what one tab changes or sends, others follow. */
import { type EditDraft, editKey, withDraft, withEdit, withEditAsDraft, withoutEdit } from "../state/drafts";
import type { ChatState } from "../state/model";
import { change, store } from "../state/store";
import { keysOf, readItem, writeItem } from "../storage";

export class Drafts {
  #draftPrefix = "";
  #editPrefix = "";
  #following = false;
  #stopSaving: () => void = () => undefined;

  /** Load the user's drafts, store their changes from now on, and follow those of other tabs. */
  restore(userId: string): void {
    this.#draftPrefix = `parley.draft.${userId}.`;
    this.#editPrefix = `parley.edit.${userId}.`;
    for (const key of [...keysOf(this.#draftPrefix), ...keysOf(this.#editPrefix)])
      change((state) => this.#withStored(state, key, readItem(key)));
    this.#stopSaving = store.subscribe((state, before) => {
      // The other tab may have changed it again: to store it would take back what is typed there.
      if (this.#following) return;
      save(this.#draftPrefix, state.drafts, before.drafts, (text) => text);
      save(this.#editPrefix, state.edits, before.edits, (edit) => JSON.stringify(edit));
    });
    addEventListener("storage", this.#onStorage);
  }

  stop(): void {
    this.#stopSaving();
    removeEventListener("storage", this.#onStorage);
  }

  setDraft(channelId: string, text: string): void {
    change((state) => withDraft(state, channelId, text));
  }

  setEdit(edit: EditDraft): void {
    change((state) => withEdit(state, edit));
  }

  discardEdit(channelId: string, seq: number): void {
    change((state) => withoutEdit(state, channelId, seq));
  }

  /** The text is stored: the edit is done, unless the user has changed it since. */
  editSaved({ channelId, seq, text }: Pick<EditDraft, "channelId" | "seq" | "text">): void {
    const edit = store.getState().edits[editKey(channelId, seq)];
    if (edit?.text === text) this.discardEdit(channelId, seq);
  }

  /** The message was deleted. Returns whether there was an unsaved edit, which is a part of the channel's draft now. */
  messageDeleted(channelId: string, seq: number): boolean {
    const before = store.getState();
    change((state) => withEditAsDraft(state, channelId, seq));
    return store.getState() !== before;
  }

  /** Another tab has changed a draft. */
  #onStorage = ({ key }: StorageEvent): void => {
    if (!key) return;
    this.#following = true;
    // Not the event's value, which may be older than the stored one.
    change((state) => this.#withStored(state, key, readItem(key)));
    this.#following = false;
  };

  #withStored(state: ChatState, key: string, value: string | null): ChatState {
    if (key.startsWith(this.#draftPrefix))
      return withDraft(state, key.slice(this.#draftPrefix.length), value ?? "");
    if (!key.startsWith(this.#editPrefix)) return state;
    const [channelId = "", seq = ""] = key.slice(this.#editPrefix.length).split("/");
    const edit = parseEdit(value);
    return edit ? withEdit(state, edit) : withoutEdit(state, channelId, Number(seq));
  }
}

function save<T>(
  prefix: string,
  now: Readonly<Record<string, T>>,
  before: Readonly<Record<string, T>>,
  toText: (value: T) => string,
): void {
  if (now === before) return;
  for (const key of Object.keys(before)) if (!(key in now)) writeItem(prefix + key, null);
  for (const [key, value] of Object.entries(now))
    if (value !== before[key]) writeItem(prefix + key, toText(value));
}

function parseEdit(text: string | null): EditDraft | null {
  try {
    const edit = JSON.parse(text ?? "null") as Partial<EditDraft> | null;
    return edit?.channelId && edit.seq && edit.text !== undefined ? (edit as EditDraft) : null;
  } catch {
    return null;
  }
}
