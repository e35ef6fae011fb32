/** Where it begins: settings, session, then the chat or the door to it. */
import { lazy, StrictMode, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { ApiError, sentence } from "../core/api/errors";
import type { Chat } from "../core/chat/chat";
import { loadConfig } from "../core/config";
import { update } from "../core/router";
import { Session } from "../core/session/session";
import { Opening, Problem, SignIn } from "../features/sign-in/SignIn";
import "../kit/styles/tokens.css";
import "../kit/styles/base.css";
import "../kit/styles/controls.css";

// A chunk of its own: who stands at the door need not carry the house.
const loadChatScreen = () => import("./ChatScreen");
const ChatScreen = lazy(loadChatScreen);

type Stage =
  | { readonly at: "opening" }
  | { readonly at: "door"; readonly session: Session; readonly note: string | null }
  | { readonly at: "problem"; readonly text: string }
  | { readonly at: "chat"; readonly chat: Chat };

function Parley() {
  const [stage, setStage] = useState<Stage>({ at: "opening" });
  const begun = useRef(false);
  const busy = useRef(false);

  const begin = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      if (Session.maybe()) void loadChatScreen();
      const config = await loadConfig();
      const session = new Session(config);
      let signedIn = false;
      let note: string | null = null;
      try {
        signedIn = await session.resume();
      } catch {
        note = "The sign-in did not complete. Please try again.";
      }
      update();
      if (!signedIn) {
        if (note === null && session.remembered) {
          await session.signIn();
          return;
        }
        setStage({ at: "door", session, note });
        return;
      }
      const { Chat } = await loadChatScreen();
      const chat = new Chat(config, session);
      session.onEnd((end) => {
        chat.stop();
        setStage({ at: "door", session, note: farewells[end] });
      });
      await chat.start();
      setStage({ at: "chat", chat });
    } catch (failure) {
      // Then the session's end has opened the door already.
      if (failure instanceof ApiError && failure.code === "SIGNED_OUT") return;
      setStage({ at: "problem", text: sentence(failure) });
    } finally {
      busy.current = false;
    }
  }, []);

  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    void begin();
  }, [begin]);

  switch (stage.at) {
    case "opening":
      return <Opening />;
    case "door":
      return <SignIn note={stage.note} onSignIn={() => stage.session.signIn()} />;
    case "problem":
      return <Problem title="Parley cannot open" text={stage.text} onRetry={begin} />;
    case "chat":
      return (
        <Suspense fallback={<Opening />}>
          <ChatScreen chat={stage.chat} />
        </Suspense>
      );
  }
}

const farewells = {
  expired: "Your session has ended. Sign in to go on where you were.",
  "signed-out": "You signed out in another tab.",
} as const;

// Back from the hosted page without signing in: the browser may show this page as it was left.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Parley />
    </StrictMode>,
  );
}
