/** Loads configuration and session, then shows the chat, the sign-in page or an error. */
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, errorMessage } from "../core/api/errors";
import type { Chat } from "../core/chat/chat";
import { type Config, loadConfig } from "../core/config";
import { syncRoute } from "../core/router";
import { Session } from "../core/session/session";
import { ErrorPage, LoadingPage, SignIn } from "../features/sign-in/SignIn";
import { chunk } from "../kit/chunk";
import { isPageStale } from "../kit/stalePage";

// A separate chunk, which the sign-in page does not need.
const loadChatScreen = () => import("./ChatScreen");

const ChatScreen = chunk(loadChatScreen, { what: "The chat", loading: () => <LoadingPage /> });

const OperatorScreen = chunk(() => import("./OperatorScreen"), {
  what: "The inspector",
  loading: () => <LoadingPage />,
});

const NOT_LOADED = "The chat cannot be loaded. Check your connection and try again.";
const STALE = "This page is older than the site. Reload it to continue.";
const reload = () => location.reload();

type AppState =
  | { readonly at: "opening" }
  | { readonly at: "sign-in"; readonly session: Session; readonly notice: string | null }
  | { readonly at: "problem"; readonly text: string; readonly stale: boolean }
  | { readonly at: "operator"; readonly config: Config }
  | { readonly at: "chat"; readonly chat: Chat };

export function App() {
  const [state, setState] = useState<AppState>({ at: "opening" });
  const started = useRef(false);
  const busy = useRef(false);

  const start = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      if (Session.mayExist()) loadChatScreen().catch(() => undefined);
      const config = await loadConfig();
      if (config.operator) {
        setState({ at: "operator", config });
        return;
      }
      await openSession(config, setState);
    } catch (failure) {
      // The sign-in page is already shown by `onEnd`.
      if (isSignedOut(failure)) return;
      const text = errorMessage(failure);
      setState({ at: "problem", text, stale: text === STALE });
    } finally {
      busy.current = false;
    }
  }, []);

  useEffect(() => {
    if (started.current) return;
    started.current = true;
    void start();
  }, [start]);

  switch (state.at) {
    case "opening":
      return <LoadingPage />;
    case "sign-in":
      return <SignIn notice={state.notice} onSignIn={() => state.session.signIn()} />;
    case "problem":
      return state.stale ? (
        <ErrorPage title="Parley has a new version" text={state.text} action="Reload" onRetry={reload} />
      ) : (
        <ErrorPage title="Parley cannot open" text={state.text} onRetry={start} repeats />
      );
    case "operator":
      return <OperatorScreen config={state.config} />;
    case "chat":
      return <ChatScreen chat={state.chat} />;
  }
}

/** Show the chat, or the sign-in page. */
async function openSession(config: Config, show: (state: AppState) => void): Promise<void> {
  const session = new Session(config);
  try {
    const { signedIn, notice } = await resume(session);
    syncRoute();
    if (signedIn) await openChat(config, session, show);
    else if (notice === null && session.hasSignedInBefore) await session.signIn();
    else show({ at: "sign-in", session, notice });
  } catch (failure) {
    // The next try has another session. After a sign-out, the sign-in page has this one.
    if (!isSignedOut(failure)) session.close();
    throw failure;
  }
}

async function resume(session: Session): Promise<{ signedIn: boolean; notice: string | null }> {
  try {
    return { signedIn: await session.resume(), notice: null };
  } catch {
    return { signedIn: false, notice: "Sign-in did not complete. Try again." };
  }
}

async function openChat(config: Config, session: Session, show: (state: AppState) => void): Promise<void> {
  const { Chat } = await loadChatScreen().catch(async () => {
    throw new ApiError("UNREACHABLE", (await isPageStale()) ? STALE : NOT_LOADED);
  });
  const chat = new Chat(config, session);
  session.onEnd((end) => {
    chat.stop();
    show({ at: "sign-in", session, notice: sessionEndMessages[end] });
  });
  await chat.start().catch((failure: unknown) => {
    // The next try has another chat.
    chat.stop();
    throw failure;
  });
  show({ at: "chat", chat });
}

function isSignedOut(failure: unknown): boolean {
  return failure instanceof ApiError && failure.code === "SIGNED_OUT";
}

const sessionEndMessages = {
  expired: "Your session has expired. Sign in to continue where you were.",
  "signed-out": "You signed out in another tab.",
} as const;
