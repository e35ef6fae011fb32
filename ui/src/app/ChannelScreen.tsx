/** The screen of one channel: header, messages, composer, side panel and dialogs. */
import { useCallback, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Channel, Message, Person } from "../core/contract";
import { channelPath, currentRoute, navigate } from "../core/router";
import type { Changes } from "../core/socket/changes";
import { type EditDraft, editKey, editsOf } from "../core/state/drafts";
import { channelTitle } from "../core/state/selectors";
import { store } from "../core/state/store";
import { indexOf } from "../core/state/timeline";
import { ChannelHeader, type SidePanelName } from "../features/channel/ChannelHeader";
import { JoinBar } from "../features/channel/JoinBar";
import { Composer } from "../features/composer/Composer";
import { focusComposer, insertBeforeDraft } from "../features/composer/focusComposer";
import { TypingIndicator } from "../features/composer/TypingIndicator";
import { UnsavedEdits } from "../features/composer/UnsavedEdits";
import { EmojiPopover, type EmojiRequest } from "../features/emoji/EmojiPopover";
import { Announcer } from "../features/message/Announcer";
import { quote } from "../features/message/quote";
import { SearchPanel } from "../features/search/SearchPanel";
import { useChatActions } from "../features/shared/chatContext";
import { useChat } from "../features/shared/useChat";
import { useNames } from "../features/shared/useNames";
import { Boundary } from "../kit/Boundary";
import { ConfirmDialog } from "../kit/ConfirmDialog";
import { chunk } from "../kit/chunk";
import dialogStyles from "../kit/Dialog.module.css";
import { SidePanel } from "../kit/SidePanel";
import { ChannelMessages } from "./ChannelMessages";
import styles from "./ChannelScreen.module.css";
import { useEmojiNames } from "./useEmojiNames";
import { useMessageActions } from "./useMessageActions";

const MembersPanel = chunk(
  async () => ({ default: (await import("../features/people/MembersPanel")).MembersPanel }),
  {
    what: "The list of members",
    loading: () => null,
    wrap: (notice, { takesFocus, onClose }) => (
      <SidePanel title="Members" takesFocus={takesFocus} onClose={onClose}>
        {notice}
      </SidePanel>
    ),
  },
);

function isBeingSaved(edit: EditDraft, changes: Changes): boolean {
  return changes.some(
    ({ command }) =>
      command.action === "editMessage" &&
      editKey(command.channelId, command.seq) === editKey(edit.channelId, edit.seq) &&
      command.text === edit.text,
  );
}

/** A loaded message. */
function messageAt(channelId: string, seq: number): Message | undefined {
  const messages = store.getState().timelines[channelId]?.messages ?? [];
  return messages[indexOf(messages, seq)];
}

interface ChannelScreenProps {
  readonly channel: Channel;
  readonly target: number | null;
  readonly navigationId: number;
  readonly panel: SidePanelName | null;
  readonly onPanel: (panel: SidePanelName | null) => void;
  readonly onMenu: () => void;
}

export function ChannelScreen(props: ChannelScreenProps) {
  const { channel, target, navigationId, onPanel, onMenu } = props;
  const { channelId } = channel;
  // Only members may load what the panels show. One that is open stays so for the next channel.
  const panel = channel.role === null ? null : props.panel;
  const chat = useChatActions();
  const me = useChat((state) => state.me);
  const connected = useChat((state) => state.connection.status === "open");
  const title = useChat((state) => channelTitle(channel, state.people, state.me?.userId));
  const draft = useChat((state) => state.drafts[channelId]) ?? "";
  const edits = useChat((state) => state.edits);
  const changes = useChat((state) => state.changes);
  const [editing, setEditing] = useState<EditDraft | null>(null);
  const [deleting, setDeleting] = useState<Message | null>(null);
  const [emoji, setEmoji] = useState<EmojiRequest | null>(null);

  // A panel that was open in the channel before leaves the focus to the message field.
  const [panelBefore, setPanelBefore] = useState(panel);
  if (panelBefore !== null && panel !== panelBefore) setPanelBefore(null);
  const takesFocus = panel !== panelBefore;

  // The edited message may be deleted by another user or in another tab.
  const isDeleted = useChat((state) => {
    const messages = editing && state.timelines[channelId]?.messages;
    return messages ? messages[indexOf(messages, editing.seq)]?.deletedAt != null : false;
  });
  if (isDeleted) setEditing(null);
  const storedText = useChat((state) => {
    const messages = editing && state.timelines[channelId]?.messages;
    return messages ? messages[indexOf(messages, editing.seq)]?.text : undefined;
  });
  const unsaved = editing ? edits[editKey(channelId, editing.seq)] : undefined;
  const startEdit = useCallback(
    ({ seq, text }: Message) => setEditing({ channelId, seq, original: text, text }),
    [channelId],
  );
  const stopEdit = () => {
    if (editing) chat.drafts.discardEdit(channelId, editing.seq);
    setEditing(null);
  };

  const { emojisNamed, loadEmojiNames } = useEmojiNames();
  const names = useNames();
  const nameOf = useCallback((person: Person) => names.ofUser(person.userId) ?? person.displayName, [names]);
  const actions = useMessageActions({
    channel,
    names,
    onEdit: startEdit,
    onDelete: setDeleting,
    onPickEmoji: setEmoji,
    onQuote: (message) => {
      // The field shows the draft again before the quotation is inserted.
      flushSync(() => setEditing(null));
      insertBeforeDraft(`${quote(message.text, nameOf(message.sender))}\n\n`);
    },
  });

  /** The screen went to the message of this seq to edit it. */
  const wentTo = useRef<number | null>(null);
  const editLast = async () => {
    const before = currentRoute();
    const last = me && (await chat.history.newestOwn(channelId, me.userId));
    // The user may have done something else during the request.
    if (!last || currentRoute() !== before || store.getState().drafts[channelId]) return;
    startEdit(last);
    if (messageAt(channelId, last.seq)) return;
    wentTo.current = last.seq;
    navigate(channelPath(channelId, last.seq));
  };
  const cancelEdit = () => {
    stopEdit();
    // Back to where the user was.
    if (wentTo.current !== null && wentTo.current === target) history.back();
    wentTo.current = null;
  };

  // Only names matter, not presence.
  const mentionable = useMemo(() => names.mentionable(me?.userId), [names, me?.userId]);

  if (!me) return null;

  return (
    <div className={styles.channel}>
      <section className={styles.main} aria-label={title}>
        <ChannelHeader channel={channel} title={title} panel={panel} onPanel={onPanel} onMenu={onMenu} />
        <Boundary what="The messages">
          <ChannelMessages
            channel={channel}
            title={title}
            me={me}
            target={target}
            navigationId={navigationId}
            editing={editing?.seq ?? null}
            nameOf={nameOf}
            actions={actions}
          />
        </Boundary>
        {channel.role === null ? (
          <JoinBar channel={channel} />
        ) : (
          <>
            <Composer
              text={editing ? (unsaved?.text ?? editing.original) : draft}
              onText={(text) => {
                if (editing) chat.drafts.setEdit({ ...editing, text });
                else chat.drafts.setDraft(channelId, text);
              }}
              placeholder={`Message ${channel.kind === "public" ? "#" : ""}${title}`}
              editing={editing}
              notice={
                <UnsavedEdits
                  changedTo={
                    editing && storedText !== undefined && storedText !== editing.original ? storedText : null
                  }
                  edits={editsOf(edits, channelId).filter(
                    (edit) => edit.seq !== editing?.seq && !isBeingSaved(edit, changes),
                  )}
                  onContinue={(edit) => {
                    // Deleted while this page was not connected.
                    if (messageAt(channelId, edit.seq)?.deletedAt) chat.editedMessageDeleted(edit);
                    else setEditing(edit);
                  }}
                  onDiscard={({ seq }) => chat.drafts.discardEdit(channelId, seq)}
                />
              }
              people={mentionable}
              emojisNamed={emojisNamed}
              onEmojiName={loadEmojiNames}
              onSend={(text) => chat.sender.send(channelId, text)}
              onSave={(edit, text) => {
                // The draft is kept until the edit is carried out.
                chat.edit(edit, text);
                setEditing(null);
              }}
              onEmptied={({ seq }) => {
                const message = messageAt(channelId, seq);
                if (message) setDeleting(message);
              }}
              onCancelEdit={cancelEdit}
              onEditLast={() => void editLast()}
              onTyping={() => chat.sender.sendTyping(channelId)}
              onPickEmoji={(anchor, insert) => setEmoji({ anchor, onPick: insert })}
            />
            <TypingIndicator channelId={channelId} connected={connected} />
          </>
        )}
        <Announcer channelId={channelId} nameOf={nameOf} />
      </section>
      <Boundary what="This panel" key={panel}>
        {panel === "members" && (
          <MembersPanel
            channel={channel}
            title={title}
            takesFocus={takesFocus}
            onClose={() => onPanel(null)}
          />
        )}
        {panel === "search" && (
          <SearchPanel
            channel={channel}
            title={title}
            target={target}
            takesFocus={takesFocus}
            nameOf={nameOf}
            onClose={() => onPanel(null)}
          />
        )}
      </Boundary>
      {emoji && <EmojiPopover request={emoji} onClose={() => setEmoji(null)} />}
      {deleting && (
        <ConfirmDialog
          title="Delete this message?"
          action="Delete"
          onClose={() => setDeleting(null)}
          onConfirm={() => {
            // An edit that removed the text ends with the message.
            if (editing?.seq === deleting.seq) stopEdit();
            chat.delete(deleting);
            setDeleting(null);
            // The button that opened the dialog is removed with the message.
            requestAnimationFrame(focusComposer);
          }}
        >
          <p className={dialogStyles.text}>
            Everyone sees that a message was deleted. Its text is no longer shown.
          </p>
          <blockquote className={styles.deleting}>{deleting.text.slice(0, 280)}</blockquote>
        </ConfirmDialog>
      )}
    </div>
  );
}
