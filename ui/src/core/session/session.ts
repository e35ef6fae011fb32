/**
 * The session: authorization code flow with PKCE at the hosted page; tokens are kept per tab and renewed with the
 * refresh token.
 */
import type { UserManager } from "oidc-client-ts";
import type { TokenSource } from "../api/api";
import { ApiError } from "../api/errors";
import type { Config } from "../config";
import { isStorageAvailable, readItem, safeStorage, writeItem } from "../storage";
import { TabChannel } from "../tabChannel";
import { inTurn } from "../tabLock";

/** A token that expires sooner than this is renewed before use. */
const RENEW_BEFORE_S = 60;
/** Storage key, shared by all tabs: signing in may not need a click, because the hosted page has a session. */
const SIGNED_IN_KEY = "parley.signedIn";
/** Storage key of the tab, set while the hosted page is open. */
const SIGN_IN_STARTED_KEY = "parley.leaving";
/** Storage key, shared by all tabs: when the newest session that a tab has renewed expires. */
const RENEWED_KEY = "parley.renewedUntil";
const RENEWAL_LOCK = "parley.renewal";
const TAB_CHANNEL = "parley.session";

/** Messages between the tabs of one browser, by BroadcastChannel. */
type TabMessage =
  | { readonly kind: "signed-out" }
  | { readonly kind: "ask" }
  | { readonly kind: "session"; readonly user: string };

export type SessionEnd = "signed-out" | "expired";

/** What is used of a user of oidc-client-ts, as it stores it. */
interface StoredUser {
  readonly id_token?: string;
  readonly refresh_token?: string;
  /** In s by the clock of this browser. */
  readonly expires_at?: number;
  readonly profile: { readonly sub: string };
}

export class Session implements TokenSource {
  /** The library signs in, renews and revokes. A page that has a session is opened without it. */
  #manager: Promise<UserManager> | null = null;
  readonly #storageKey: string;
  readonly #config: Config;
  readonly #tabs = new TabChannel<TabMessage>(TAB_CHANNEL);
  readonly #listeners = new Set<(end: SessionEnd) => void>();
  #user: StoredUser | null = null;
  #renewal: Promise<StoredUser> | null = null;
  #signingOut = false;
  /** Set when this tab's session has ended: pending renewals must not restore it. */
  #ended = false;

  constructor(config: Config) {
    this.#config = config;
    this.#storageKey = `oidc.user:${config.auth.authority}:${config.auth.clientId}`;
    this.#tabs.listen((data) => {
      if (data.kind === "signed-out") void this.#end("signed-out");
      else if (data.kind === "ask" && this.#user)
        this.#broadcast({ kind: "session", user: JSON.stringify(this.#user) });
    });
  }

  /** Load the library and configure it. Throws ApiError UNREACHABLE. */
  #oidc(): Promise<UserManager> {
    this.#manager ??= createManager(this.#config).catch((failure: unknown) => {
      this.#manager = null;
      throw failure;
    });
    return this.#manager;
  }

  /** Whether there may be a session, without requests: if so, the chat is prefetched. */
  static mayExist(): boolean {
    return readItem(SIGNED_IN_KEY) === "yes" || location.search.includes("code=");
  }

  /**
   * Restore a session: from the redirect of the hosted page, this tab's storage, or another tab. Returns whether there
   * is one. After a redirect, restores the address from before the sign-in.
   */
  async resume(): Promise<boolean> {
    const address = new URL(location.href);
    if (
      address.searchParams.has("state") &&
      (address.searchParams.has("code") || address.searchParams.has("error"))
    ) {
      let returnTo = "/";
      try {
        const user = await (await this.#oidc()).signinRedirectCallback();
        this.#setUser(user);
        returnTo = safePath(user.state);
      } catch (failure) {
        // A link can look like the end of a sign-in, and must not end a session.
        if (!(await this.#restore())) throw failure;
      } finally {
        history.replaceState(null, "", returnTo);
      }
      return true;
    }
    return this.#restore();
  }

  async #restore(): Promise<boolean> {
    const kept = parseUser(readItem(this.#storageKey, "session")) ?? (await this.#loadFromAnotherTab());
    if (!kept) return false;
    this.#user = kept;
    return expiresIn(kept) > 0 || kept.refresh_token !== undefined;
  }

  /** Whether this browser was signed in before, so that the hosted page can be opened without a click. */
  get hasSignedInBefore(): boolean {
    return readItem(SIGNED_IN_KEY) === "yes" && readItem(SIGN_IN_STARTED_KEY, "session") === null;
  }

  /** Open the hosted page. Throws an ApiError if this browser cannot complete a sign-in. */
  async signIn(): Promise<void> {
    if (!isStorageAvailable("session"))
      throw new ApiError(
        "NOT_SUPPORTED",
        "Signing in needs storage, which this browser blocks. Allow cookies and site data for this page, then try again.",
      );
    if (!globalThis.crypto?.subtle)
      throw new ApiError("NOT_SUPPORTED", "Signing in needs a secure address: open this page with https://.");
    // Once per tab and page load: an error from the hosted page must not cause a redirect loop.
    writeItem(SIGN_IN_STARTED_KEY, "yes", "session");
    await (await this.#oidc()).signinRedirect({ state: location.pathname + location.search });
  }

  async idToken({ fresh }: { fresh: boolean } = { fresh: false }): Promise<string> {
    if (this.#ended) throw signedOut();
    const user = this.#user;
    if (user?.id_token && !fresh && expiresIn(user) > RENEW_BEFORE_S) return user.id_token;
    const renewed = await this.#renew();
    if (!renewed.id_token) throw signedOut();
    return renewed.id_token;
  }

  /**
   * Ends the session in all tabs and at the user pool. The other tabs end before `endOnServer` is called: the server
   * closes their sockets, and a tab that still had the session would request a ticket for another.
   */
  async signOut(endOnServer: () => Promise<unknown>): Promise<void> {
    this.#signingOut = true;
    this.#broadcast({ kind: "signed-out" });
    await endOnServer();
    this.#ended = true;
    // Wait for a pending renewal, so that its tokens are revoked too.
    await this.#renewal?.catch(() => undefined);
    writeItem(SIGNED_IN_KEY, null);
    // Without the network the tokens are deleted here and expire on the server.
    await this.#oidc()
      .then((manager) => manager.revokeTokens())
      .catch(() => undefined);
    this.#removeUser();
    const { signOutUrl, clientId } = this.#config.auth;
    location.assign(`${signOutUrl}?${new URLSearchParams({ client_id: clientId, logout_uri: home() })}`);
  }

  /** Call when another session object replaces this one. The user stays signed in. */
  close(): void {
    this.#tabs.close();
  }

  onEnd(listener: (end: SessionEnd) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tokens are kept per tab until it closes; a new tab requests them from an open one. */
  async #loadFromAnotherTab(): Promise<StoredUser | null> {
    if (!this.hasSignedInBefore) return null;
    const mine = this.#user;
    const user = await this.#tabs.ask({ kind: "ask" }, (data) => {
      const theirs = data.kind === "session" ? parseUser(data.user) : null;
      return theirs && (!mine || isRenewed(mine, theirs)) ? theirs : null;
    });
    if (!user) return null;
    writeItem(this.#storageKey, JSON.stringify(user), "session");
    return user;
  }

  #removeUser(): void {
    writeItem(this.#storageKey, null, "session");
  }

  #broadcast(message: TabMessage): void {
    this.#tabs.post(message);
  }

  /** One renewal at a time, in all tabs: they share a refresh token, and a rotating one can be used only once. */
  #renew(): Promise<StoredUser> {
    this.#renewal ??= inTurn(RENEWAL_LOCK, () => this.#renewInTurn()).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** Uses the session that another tab has renewed since this one was received. */
  async #renewInTurn(): Promise<StoredUser> {
    const isNewest = Number(readItem(RENEWED_KEY) ?? 0) <= (this.#user?.expires_at ?? 0);
    const theirs = this.#ended || isNewest ? null : await this.#loadFromAnotherTab();
    if (!theirs) return this.#requestRenewal();
    this.#user = theirs;
    return theirs;
  }

  async #requestRenewal(): Promise<StoredUser> {
    if (!this.#user?.refresh_token) {
      await this.#end("expired");
      throw signedOut();
    }
    try {
      const user = await (await this.#oidc()).signinSilent({ silentRequestTimeoutInSeconds: 15 });
      if (!user) throw signedOut();
      if (this.#ended && !this.#signingOut) {
        // Another tab has signed out.
        this.#removeUser();
        throw signedOut();
      }
      this.#setUser(user);
      writeItem(RENEWED_KEY, String(user.expires_at ?? 0));
      return user;
    } catch (failure) {
      if (
        (failure instanceof Error && failure.name === "ErrorResponse") ||
        (failure instanceof ApiError && failure.code === "SIGNED_OUT")
      ) {
        if (!this.#ended) await this.#end("expired");
        throw signedOut();
      }
      throw new ApiError("UNREACHABLE", "The server cannot be reached. Check your connection and try again.");
    }
  }

  #setUser(user: StoredUser): void {
    this.#user = user;
    writeItem(SIGNED_IN_KEY, "yes");
    writeItem(SIGN_IN_STARTED_KEY, null, "session");
  }

  async #end(end: SessionEnd): Promise<void> {
    if (this.#signingOut) return;
    this.#ended = true;
    this.#user = null;
    // A renewal in this tab may have set it after the other tab removed it.
    if (end === "signed-out") writeItem(SIGNED_IN_KEY, null);
    this.#removeUser();
    for (const listener of this.#listeners) listener(end);
  }
}

async function createManager({ auth }: Config): Promise<UserManager> {
  const { UserManager, WebStorageStateStore } = await import("oidc-client-ts").catch(() => {
    throw new ApiError("UNREACHABLE", "The server cannot be reached. Check your connection and try again.");
  });
  return new UserManager({
    authority: auth.authority,
    client_id: auth.clientId,
    scope: auth.scopes,
    response_type: "code",
    redirect_uri: home(),
    // Explicit, because the hosted page is on another host than the issuer's discovery document.
    metadata: {
      issuer: auth.authority,
      authorization_endpoint: auth.authorizationEndpoint,
      token_endpoint: auth.tokenEndpoint,
      revocation_endpoint: auth.revocationEndpoint,
    },
    loadUserInfo: false,
    automaticSilentRenew: false,
    revokeTokenTypes: ["refresh_token"],
    userStore: new WebStorageStateStore({ store: safeStorage("session") }),
    stateStore: new WebStorageStateStore({ store: safeStorage("session") }),
  });
}

function parseUser(stored: string | null): StoredUser | null {
  try {
    return stored === null ? null : (JSON.parse(stored) as StoredUser);
  } catch {
    return null;
  }
}

/** In s. */
function expiresIn({ expires_at: expiresAt }: StoredUser): number {
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - Math.floor(Date.now() / 1_000);
}

/** Whether another tab's session is a later one of the same user. */
function isRenewed(mine: StoredUser, theirs: StoredUser): boolean {
  return theirs.profile.sub === mine.profile.sub && (theirs.expires_at ?? 0) > (mine.expires_at ?? 0);
}

/** The redirect URI registered for the hosted page. */
function home(): string {
  return `${location.origin}/`;
}

/** Accepts only a path of this site from the state of a redirect, never another host. */
export function safePath(state: unknown): string {
  return typeof state === "string" && /^\/(?![/\\])/.test(state) ? state : "/";
}

function signedOut(): ApiError {
  return new ApiError("SIGNED_OUT", "Your session has expired. Sign in again.");
}
