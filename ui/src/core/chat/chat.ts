/**
 * The facade that the screens use. Connects session, API, socket and store, and handles frames and reconnects with
 * `history`, `channels`, `sender` and `readMarkers`.
 */
import { Api, type TokenSource } from "../api/api";
import { ApiError, errorMessage } from "../api/errors";
import { serverNow } from "../clock";
import { announceClosing, onTabClosed } from "../closedTabs";
import type { Config } from "../config";
import type {
  ChannelFrame,
  ErrorFrame,
  Message,
  MessageDeletedFrame,
  MessageFrame,
  ServerFrame,
} from "../contract";
import { currentRoute } from "../router";
import type { Session } from "../session/session";
import type { Refusal } from "../socket/changes";
import { Connection } from "../socket/connection";
import { withConnection } from "../state/connection";
import { reduceFrame, withoutExpiredTyping } from "../state/frames";
import { type ChatState, initialState, type ToastKind } from "../state/model";
import { namesOf } from "../state/names";
import { channelTitle } from "../state/selectors";
import { change, store } from "../state/store";
import { keysOf, writeItem } from "../storage";
import { isolated } from "../text/names";
import { Channels, removeChannel, removeLeftChannel } from "./channels";
import { Drafts } from "./drafts";
import { History } from "./history";
import { MessageChanges } from "./messageChanges";
import { MessageSender } from "./messageSender";
import { type NewMessageListener, NewMessages } from "./newMessages";
import { ReadMarkers } from "./readMarkers";
import { memberSpread } from "./spreadRequests";

const SIGN_OUT_TIMEOUT_MS = 2_000;

export class Chat {
  readonly api: Api;
  readonly config: Config;
  readonly tokens: TokenSource;
  readonly channels: Channels;
  readonly history: History;
  readonly readMarkers: ReadMarkers;
  readonly sender: MessageSender;
  readonly drafts = new Drafts();
  readonly #changes: MessageChanges;
  readonly #session: Session;
  readonly #connection: Connection;
  readonly #newMessages = new NewMessages();
  #stopAdopting: () => void = () => undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #toastId = 0;
  /** Resolves when the channels were loaded for the first time, or could not be. */
  #channelsLoaded: Promise<void> = Promise.resolve();
  #backfilling = false;
  #backfillAgain = false;
  #stopped = false;

  constructor(config: Config, session: Session) {
    this.config = config;
    this.#session = session;
    this.tokens = session;
    this.api = new Api(config.apiUrl, session);
    const onFailure = (failure: unknown, options?: { quiet: boolean }) => this.#showFailure(failure, options);
    this.channels = new Channels(this.api, onFailure);
    this.readMarkers = new ReadMarkers(this.api);
    this.history = new History(this.api, onFailure, (channelId) => this.readMarkers.markHolesRead(channelId));
    this.#connection = new Connection({
      url: config.websocketUrl,
      ticket: async (fresh) => {
        if (fresh) await session.idToken({ fresh: true });
        const { ticket, sessionExpiresAt } = await this.api.ticket();
        return { ticket, sessionEndsIn: Date.parse(sessionExpiresAt) - serverNow() };
      },
      onFrame: (frame) => this.#onFrame(frame),
      onStatus: (status) => change((state) => withConnection(state, status, Date.now())),
      onResume: () => {
        this.sender.apply({ type: "reconnected" });
        this.#changes.resume();
        this.readMarkers.resume();
      },
      onBackfill: ({ wasInterrupted }) => {
        if (wasInterrupted) this.channels.refreshPeople();
        void this.#backfill();
      },
    });
    this.#changes = new MessageChanges({
      connection: this.#connection,
      onDone: (command) => {
        if (command.action === "editMessage") this.drafts.editSaved(command);
      },
      onRefused: (refusal) => this.#onChangeRefused(refusal),
      refresh: ({ channelId, seq }) => this.history.refreshMessage(channelId, seq),
    });
    this.sender = new MessageSender(this.#connection, (channelId) => this.history.confirmDelivery(channelId));
  }

  // --- lifecycle

  async start(): Promise<void> {
    change(() => initialState);
    // Concurrently: none of these depends on another's response.
    const route = currentRoute();
    const channelsLoaded = this.channels.load();
    this.#channelsLoaded = channelsLoaded;
    if (route.page === "channel")
      void this.history.open(route.channelId, route.seq ?? "unread", channelsLoaded);
    await Promise.all([this.#connect(), channelsLoaded]);
    void this.channels.loadPeople();
  }

  /** The socket opens after the user is loaded, because frames are handled relative to the user. */
  async #connect(): Promise<void> {
    const me = await this.api.me();
    if (this.#stopped) throw new ApiError("SIGNED_OUT", "The session ended while the chat was starting.");
    change((state) => ({ ...state, me, people: { ...state.people, [me.userId]: me } }));
    this.sender.restore(me.userId);
    this.drafts.restore(me.userId);
    if (this.#changes.restore(me.userId))
      this.toast("info", "Deletions and reactions of more than an hour ago were not carried out.");
    this.#connection.start();
    addEventListener("pagehide", this.#onPageHide);
    this.#stopAdopting = onTabClosed(me.userId, () => {
      this.sender.adopt();
      this.#changes.adopt();
    });
    this.#ticker = setInterval(() => this.#tick(Date.now()), 1_000);
  }

  #onPageHide = (): void => {
    this.readMarkers.flush();
    const { me, outbox, changes } = store.getState();
    if (me && outbox.length + changes.length > 0) announceClosing(me.userId);
  };

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#ticker);
    removeEventListener("pagehide", this.#onPageHide);
    this.#stopAdopting();
    this.#connection.stop();
    this.channels.stop();
    this.history.stop();
    this.sender.stop();
    this.drafts.stop();
    this.#changes.stop();
    this.readMarkers.stop();
  }

  /** Ends the session, and removes what this browser keeps of the user: others may use it next. */
  async signOut(): Promise<void> {
    const userId = store.getState().me?.userId;
    this.stop();
    if (userId) for (const key of keysOf("parley.")) if (key.includes(`.${userId}`)) writeItem(key, null);
    // Do not wait long for an unreachable server: the session then expires.
    await this.#session.signOut(() =>
      Promise.race([this.api.signOut().catch(() => undefined), sleep(SIGN_OUT_TIMEOUT_MS)]),
    );
  }

  /** Load the channels again, which could not be loaded, and what the loaded messages lack. */
  retryChannels(): void {
    void this.#backfill();
  }

  /** A new socket is in use: fetch what was missed. Frames received meanwhile merge by seq. */
  async #backfill(): Promise<void> {
    if (this.#backfilling) {
      this.#backfillAgain = true;
      return;
    }
    this.#backfilling = true;
    this.#backfillAgain = false;
    await this.#fetchMissed().finally(() => {
      this.#backfilling = false;
    });
    if (this.#backfillAgain) await this.#backfill();
  }

  async #fetchMissed(): Promise<void> {
    // A list that was requested before the first socket opened may lack what was sent until then.
    await this.#channelsLoaded;
    await this.channels.load();
    const route = currentRoute();
    await this.history.backfill(route.page === "channel" ? route.channelId : null);
  }

  #tick(now: number): void {
    this.#connection.tick(now);
    this.sender.tick(now);
    this.#changes.tick(now);
    change((state) => withoutExpiredTyping(state, now));
  }

  // --- changes of a message: shown at once, and sent until they are carried out or refused

  edit({ channelId, seq }: Pick<Message, "channelId" | "seq">, text: string): void {
    this.#changes.add({ action: "editMessage", channelId, seq, text });
  }

  delete({ channelId, seq }: Message): void {
    this.#changes.add({ action: "deleteMessage", channelId, seq });
  }

  react({ channelId, seq }: Message, emoji: string, added: boolean): void {
    this.#changes.add({ action: added ? "addReaction" : "removeReaction", channelId, seq, emoji });
  }

  /** The change is no longer shown. The text of an edit is kept as a draft. */
  #onChangeRefused({ change: { command }, code, message }: Refusal): void {
    if (command.action === "editMessage" && code === "NOT_FOUND") this.editedMessageDeleted(command);
    else this.toast("error", `${notDone[command.action]} ${message}`);
  }

  // --- frames

  /** Call `listener` once for each new message of another user. The result unsubscribes. */
  onNewMessage(listener: NewMessageListener): () => void {
    return this.#newMessages.subscribe(listener);
  }

  #onFrame(frame: ServerFrame): void {
    const before = store.getState();
    change((state) => reduceFrame(state, frame, { now: Date.now(), serverNow: serverNow() }));
    const answersChange = this.#changes.onFrame(frame);
    if (frame.type === "messageEdited" || frame.type === "messageDeleted" || frame.type === "reaction")
      this.history.onChange(frame);
    if (frame.type === "message") void this.#onMessage(frame, before);
    else if (frame.type === "error") this.#onError(frame, answersChange);
    else if (frame.type === "channel") this.#onChannelChange(frame, before);
    else if (frame.type === "messageDeleted") this.#onDeleted(frame);
  }

  #onDeleted(frame: MessageDeletedFrame): void {
    this.readMarkers.markDeletedRead(frame.channelId);
    this.editedMessageDeleted(frame);
  }

  /** Keep the text of an edit that was not saved and cannot be: it becomes a part of the channel's draft. */
  editedMessageDeleted({ channelId, seq }: Pick<Message, "channelId" | "seq">): void {
    if (this.drafts.messageDeleted(channelId, seq))
      this.toast("info", "The message that you edited was deleted. Your text is in the message field.");
  }

  async #onMessage(frame: MessageFrame, before: ChatState): Promise<void> {
    const members = before.channels[frame.channelId]?.memberCount ?? 0;
    this.history.watchGap(frame.channelId, frame.seq, memberSpread(members));
    if (frame.sender.userId === before.me?.userId) {
      this.sender.flush();
      this.readMarkers.markOwnMessageRead(frame.channelId, frame.seq);
    }
    const early = before.earlyChanges[frame.channelId] ?? [];
    const isDeleted = early.some(({ type, seq }) => type === "messageDeleted" && seq === frame.seq);
    if (isDeleted) this.readMarkers.markDeletedRead(frame.channelId);
    const isNew = this.#newMessages.isNew(frame, before) && !isDeleted;
    // The first direct message may arrive before the frame of its channel.
    if (!before.channels[frame.channelId]) await this.channels.refresh(frame.channelId);
    if (isNew) this.#newMessages.notify(frame);
  }

  #onError(frame: ErrorFrame, answersChange: boolean): void {
    if (frame.code === "SESSION_EXPIRED") this.#connection.replaceSession();
    else if (frame.code === "TOO_MANY_REFUSALS") {
      this.#connection.coolDown(frame.retryAfterMs ?? 0);
      this.toast("error", `${frame.message} What you wrote is kept and sent then.`);
    }
    // A rejected message or change shows its own error, and a rejected typing frame needs none.
    else if (!answersChange && frame.clientMessageId === undefined && frame.action !== "startTyping") {
      this.toast("error", frame.message);
    }
  }

  #onChannelChange(frame: ChannelFrame, before: ChatState): void {
    const { channelId } = frame.channel;
    const known = before.channels[channelId];
    if (frame.change === "left" && frame.userId === before.me?.userId) {
      if (frame.changedBy === before.me.userId) {
        removeLeftChannel(channelId);
        return;
      }
      removeChannel(channelId);
      if (known) {
        const title = channelTitle(known, before.people, before.me.userId);
        this.toast("info", `You are no longer a member of ${isolated(title)}.`);
      }
      return;
    }
    const after = store.getState();
    if (!after.channels[channelId]) return;
    if (!known || known.role === null) void this.channels.refresh(channelId);
    this.channels.refreshChangedMembers(channelId);
    if (!after.people[frame.userId]) this.channels.refreshUnknownPeople();
    if (frame.newOwnerId !== undefined && frame.newOwnerId === after.me?.userId)
      this.#announceNewOwner(frame, after);
  }

  #announceNewOwner({ channel: { channelId }, userId }: ChannelFrame, state: ChatState): void {
    const channel = state.channels[channelId];
    if (!channel) return;
    const name = namesOf(state.people).ofUser(userId) ?? "Its owner";
    const title = channelTitle(channel, state.people, state.me?.userId);
    this.toast("info", `${isolated(name)} left ${isolated(title)}. You are now its owner.`);
  }

  // --- toasts

  toast(kind: ToastKind, text: string): void {
    this.#toastId += 1;
    const toast = { id: this.#toastId, kind, text };
    change((state) => ({
      ...state,
      toasts: [...state.toasts.filter((other) => other.text !== text).slice(-2), toast],
    }));
  }

  readonly dismiss = (id: number): void =>
    change((state) => ({ ...state, toasts: state.toasts.filter((toast) => toast.id !== id) }));

  /** Show a toast. `quiet` omits UNREACHABLE, which the connection banner shows already. */
  #showFailure(failure: unknown, { quiet } = { quiet: false }): void {
    if (failure instanceof ApiError && failure.code === "SIGNED_OUT") return;
    if (quiet && failure instanceof ApiError && failure.code === "UNREACHABLE") return;
    this.toast("error", errorMessage(failure));
  }
}

const notDone = {
  editMessage: "Your edit was not saved; its text is kept.",
  deleteMessage: "The message was not deleted.",
  addReaction: "Your reaction was not added.",
  removeReaction: "Your reaction was not removed.",
} as const;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
