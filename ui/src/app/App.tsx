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
      const session = new Session(config);
      let signedIn = false;
      let notice: string | null = null;
      try {
        signedIn = await session.resume();
      } catch {
        notice = "Sign-in did not complete. Try again.";
      }
      syncRoute();
      if (!signedIn) {
        if (notice === null && session.hasSignedInBefore) {
          await session.signIn();
          return;
        }
        setState({ at: "sign-in", session, notice });
        return;
      }
      const { Chat } = await loadChatScreen().catch(async () => {
        throw new ApiError("UNREACHABLE", (await isPageStale()) ? STALE : NOT_LOADED);
      });
      const chat = new Chat(config, session);
      session.onEnd((end) => {
        chat.stop();
        setState({ at: "sign-in", session, notice: sessionEndMessages[end] });
      });
      await chat.start().catch((failure: unknown) => {
        // The next try has another chat.
        chat.stop();
        throw failure;
      });
      setState({ at: "chat", chat });
    } catch (failure) {
      // The sign-in page is already shown by `onEnd`.
      if (failure instanceof ApiError && failure.code === "SIGNED_OUT") return;
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

const sessionEndMessages = {
  expired: "Your session has expired. Sign in to continue where you were.",
  "signed-out": "You signed out in another tab.",
} as const;
