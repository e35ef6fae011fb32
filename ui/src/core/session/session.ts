/**
 * Who is signed in: the authorization code flow with PKCE against the hosted page, tokens kept for this tab
 * and renewed by refresh token. What a signed-in person may do is the server's business.
 */
import { ErrorResponse, User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { TokenSource } from "../api/api";
import { ApiError } from "../api/errors";
import type { Config } from "../config";

/** A token with less than this left is renewed before it is used. */
const RENEW_BEFORE_S = 60;
/** Another tab may sign in by itself when this one did: the hosted page still knows the person. */
const SIGNED_IN_KEY = "parley.signedIn";
const TAB_CHANNEL = "parley.session";
/** A tab that is there answers well within this. */
const ANSWER_TIMEOUT_MS = 200;

/** What the tabs of one browser tell each other. Never leaves this origin, nor this browser. */
type TabMessage =
  | { readonly kind: "signed-out" }
  | { readonly kind: "ask" }
  | { readonly kind: "session"; readonly user: string };

export type SessionEnd = "signed-out" | "expired";

export class Session implements TokenSource {
  readonly #manager: UserManager;
  readonly #config: Config;
  readonly #tabs = new BroadcastChannel(TAB_CHANNEL);
  readonly #listeners = new Set<(end: SessionEnd) => void>();
  #user: User | null = null;
  #renewal: Promise<User> | null = null;
  #signingOut = false;
  /** Once this tab's session has ended, nothing that is still on its way may bring it back. */
  #ended = false;

  constructor(config: Config) {
    this.#config = config;
    const { auth } = config;
    this.#manager = new UserManager({
      authority: auth.authority,
      client_id: auth.clientId,
      scope: auth.scopes,
      response_type: "code",
      redirect_uri: home(),
      // Said outright: the hosted page lives on another host than the issuer's own discovery document.
      metadata: {
        issuer: auth.authority,
        authorization_endpoint: auth.authorizationEndpoint,
        token_endpoint: auth.tokenEndpoint,
        revocation_endpoint: auth.revocationEndpoint,
      },
      loadUserInfo: false,
      automaticSilentRenew: false,
      revokeTokenTypes: ["refresh_token"],
      userStore: new WebStorageStateStore({ store: sessionStorage }),
      stateStore: new WebStorageStateStore({ store: sessionStorage }),
    });
    this.#tabs.addEventListener("message", ({ data }: MessageEvent<TabMessage>) => {
      if (data.kind === "signed-out") void this.#end("signed-out");
      else if (data.kind === "ask" && this.#user)
        this.#broadcast({ kind: "session", user: this.#user.toStorageString() });
    });
  }

  /** Whether there may be a session to take up, without asking anybody: worth fetching the chat for. */
  static mayExist(): boolean {
    return read(SIGNED_IN_KEY) === "yes" || location.search.includes("code=");
  }

  /**
   * Take up a session: the one that the hosted page has just sent us back with, the one this tab had, or
   * the one of another tab. Says whether there is one, and puts the address back to where the person was going.
   */
  async resume(): Promise<boolean> {
    const address = new URL(location.href);
    if (
      address.searchParams.has("state") &&
      (address.searchParams.has("code") || address.searchParams.has("error"))
    ) {
      let returnTo = "/";
      try {
        const user = await this.#manager.signinRedirectCallback();
        this.#setUser(user);
        returnTo = safePath(user.state);
      } finally {
        history.replaceState(null, "", returnTo);
      }
      return true;
    }
    const kept = (await this.#manager.getUser()) ?? (await this.#loadFromAnotherTab());
    if (!kept) return false;
    this.#user = kept;
    return !kept.expired || kept.refresh_token !== undefined;
  }

  /** Whether this browser was signed in before, so that the hosted page can be asked without a click. */
  get hasSignedInBefore(): boolean {
    return read(SIGNED_IN_KEY) === "yes" && read("parley.leaving", sessionStorage) === null;
  }

  async signIn(): Promise<void> {
    // Once per tab and page load: a hosted page that sends back an error must not become a loop.
    write("parley.leaving", "yes", sessionStorage);
    await this.#manager.signinRedirect({ state: location.pathname + location.search });
  }

  async idToken({ fresh }: { fresh: boolean } = { fresh: false }): Promise<string> {
    if (this.#ended) throw signedOut();
    const user = this.#user;
    if (user?.id_token && !fresh && (user.expires_in ?? Number.POSITIVE_INFINITY) > RENEW_BEFORE_S)
      return user.id_token;
    const renewed = await this.#renew();
    if (!renewed.id_token) throw signedOut();
    return renewed.id_token;
  }

  async signOut(): Promise<void> {
    this.#signingOut = true;
    this.#ended = true;
    this.#broadcast({ kind: "signed-out" });
    // A renewal on its way would store its tokens later: they are waited for, and go with the others.
    await this.#renewal?.catch(() => undefined);
    write(SIGNED_IN_KEY, null);
    // Without the network the tokens are forgotten all the same; they run out by themselves.
    await this.#manager.revokeTokens().catch(() => undefined);
    await this.#manager.removeUser();
    const { signOutUrl, clientId } = this.#config.auth;
    location.assign(`${signOutUrl}?${new URLSearchParams({ client_id: clientId, logout_uri: home() })}`);
  }

  onEnd(listener: (end: SessionEnd) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Each tab keeps its own tokens, and forgets them when it closes; a new one is let in by those that are open. */
  async #loadFromAnotherTab(): Promise<User | null> {
    if (!this.hasSignedInBefore) return null;
    const answer = await new Promise<string | null>((resolve) => {
      const onAnswer = ({ data }: MessageEvent<TabMessage>) => {
        if (data.kind === "session") resolve(data.user);
      };
      this.#tabs.addEventListener("message", onAnswer);
      this.#broadcast({ kind: "ask" });
      setTimeout(() => {
        this.#tabs.removeEventListener("message", onAnswer);
        resolve(null);
      }, ANSWER_TIMEOUT_MS);
    });
    if (answer === null) return null;
    const user = User.fromStorageString(answer);
    await this.#manager.storeUser(user);
    return user;
  }

  #broadcast(message: TabMessage): void {
    this.#tabs.postMessage(message);
  }

  /** One renewal at a time: a refresh token that rotates can be spent once only. */
  #renew(): Promise<User> {
    this.#renewal ??= this.#requestRenewal().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #requestRenewal(): Promise<User> {
    if (!this.#user?.refresh_token) {
      await this.#end("expired");
      throw signedOut();
    }
    try {
      const user = await this.#manager.signinSilent({ silentRequestTimeoutInSeconds: 15 });
      if (!user) throw signedOut();
      if (this.#ended && !this.#signingOut) {
        // Another tab signed out meanwhile.
        await this.#manager.removeUser();
        throw signedOut();
      }
      this.#setUser(user);
      return user;
    } catch (failure) {
      if (
        failure instanceof ErrorResponse ||
        (failure instanceof ApiError && failure.code === "SIGNED_OUT")
      ) {
        if (!this.#ended) await this.#end("expired");
        throw signedOut();
      }
      throw new ApiError("UNREACHABLE", "The server cannot be reached. Check your connection and try again.");
    }
  }

  #setUser(user: User): void {
    this.#user = user;
    write(SIGNED_IN_KEY, "yes");
    write("parley.leaving", null, sessionStorage);
  }

  async #end(end: SessionEnd): Promise<void> {
    if (this.#signingOut) return;
    this.#ended = true;
    this.#user = null;
    // A renewal in this tab may have noted it since the other tab took it away.
    if (end === "signed-out") write(SIGNED_IN_KEY, null);
    await this.#manager.removeUser();
    for (const listener of this.#listeners) listener(end);
  }
}

/** The address registered for coming back from the hosted page. */
function home(): string {
  return `${location.origin}/`;
}

/** Only a path of ours: what comes back from a redirect is never trusted with another host. */
export function safePath(state: unknown): string {
  return typeof state === "string" && /^\/(?![/\\])/.test(state) ? state : "/";
}

function signedOut(): ApiError {
  return new ApiError("SIGNED_OUT", "Your session has expired. Sign in again.");
}

function read(name: string, storage: Storage = localStorage): string | null {
  try {
    return storage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string | null, storage: Storage = localStorage): void {
  try {
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // Storage is full or switched off: the person signs in by hand next time.
  }
}
