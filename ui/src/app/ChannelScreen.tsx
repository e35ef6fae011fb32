/** The screen of one channel: header, messages, composer, side panel and dialogs. */

import { useCallback, useMemo, useState } from "react";
import type { Channel, Message, Person } from "../core/contract";
import { channelTitle } from "../core/state/selectors";
import { store } from "../core/state/store";
import { ChannelHeader, type SidePanelName } from "../features/channel/ChannelHeader";
import { JoinBar } from "../features/channel/JoinBar";
import { Composer } from "../features/composer/Composer";
import { focusComposer } from "../features/composer/focusComposer";
import { TypingIndicator } from "../features/composer/TypingIndicator";
import { useDraft } from "../features/composer/useDraft";
import { EmojiPopover, type EmojiRequest } from "../features/emoji/EmojiPopover";
import { Announcer } from "../features/message/Announcer";
import { quote } from "../features/message/quote";
import { MembersPanel } from "../features/people/MembersPanel";
import { SearchPanel } from "../features/search/SearchPanel";
import { useChatActions } from "../features/shared/chatContext";
import { useChat } from "../features/shared/useChat";
import { useNames } from "../features/shared/useNames";
import { Boundary } from "../kit/Boundary";
import { ConfirmDialog } from "../kit/ConfirmDialog";
import dialogStyles from "../kit/Dialog.module.css";
import { ChannelMessages } from "./ChannelMessages";
import styles from "./ChannelScreen.module.css";
import { useMessageActions } from "./useMessageActions";

interface ChannelScreenProps {
  readonly channel: Channel;
  readonly target: number | null;
  readonly navigationId: number;
  readonly panel: SidePanelName | null;
  readonly onPanel: (panel: SidePanelName | null) => void;
  readonly onMenu: () => void;
}

export function ChannelScreen(props: ChannelScreenProps) {
  const { channel, target, navigationId, panel, onPanel, onMenu } = props;
  const { channelId } = channel;
  const chat = useChatActions();
  const me = useChat((state) => state.me);
  const connected = useChat((state) => state.connection.status === "open");
  const title = useChat((state) => channelTitle(channel, state.people, state.me?.userId));
  const [draft, changeDraft] = useDraft(me?.userId ?? "", channelId);
  const [editing, setEditing] = useState<Message | null>(null);
  const [deleting, setDeleting] = useState<Message | null>(null);
  const [emoji, setEmoji] = useState<EmojiRequest | null>(null);

  const names = useNames();
  const nameOf = useCallback((person: Person) => names.ofUser(person.userId) ?? person.displayName, [names]);
  const actions = useMessageActions({
    channel,
    names,
    onEdit: setEditing,
    onDelete: setDeleting,
    onPickEmoji: setEmoji,
    onQuote: (message) => {
      setEditing(null);
      changeDraft(`${quote(message.text, nameOf(message.sender))}\n\n${draft}`);
      focusComposer();
    },
  });

  const editLast = () => {
    const messages = store.getState().timelines[channelId]?.messages ?? [];
    const last = messages.findLast((m) => m.sender.userId === me?.userId && m.deletedAt === null);
    if (last) setEditing(last);
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
              draft={draft}
              onDraft={changeDraft}
              placeholder={channel.kind === "direct" ? `Message ${title}` : `Message #${title}`}
              editing={editing}
              people={mentionable}
              onSend={(text) => chat.sender.send(channelId, text)}
              onSave={(message, text) => chat.edit(message, text)}
              onCancelEdit={() => setEditing(null)}
              onEditLast={editLast}
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
          <MembersPanel channel={channel} title={title} onClose={() => onPanel(null)} />
        )}
        {panel === "search" && (
          <SearchPanel channel={channel} title={title} nameOf={nameOf} onClose={() => onPanel(null)} />
        )}
      </Boundary>
      {emoji && <EmojiPopover request={emoji} onClose={() => setEmoji(null)} />}
      {deleting && (
        <ConfirmDialog
          title="Delete this message?"
          action="Delete"
          onClose={() => setDeleting(null)}
          onConfirm={() => {
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
