/** Where it begins: settings, session, then the chat or the door to it. */
import { StrictMode, useCallback, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { ApiError, sentence } from "./api/errors";
import { Chat } from "./chat/chat";
import { ChatContext } from "./chat/context";
import { loadConfig } from "./config";
import { update } from "./router";
import { ChatScreen } from "./screens/ChatScreen";
import { Opening, Problem, SignIn } from "./screens/SignIn";
import { Session } from "./session/session";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

type Stage =
  | { readonly at: "opening" }
  | { readonly at: "door"; readonly session: Session; readonly note: string | null }
  | { readonly at: "problem"; readonly text: string }
  | { readonly at: "chat"; readonly chat: Chat };

function Parley() {
  const [stage, setStage] = useState<Stage>({ at: "opening" });
  const begun = useRef(false);

  const begin = useCallback(async () => {
    setStage({ at: "opening" });
    try {
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
      const chat = new Chat(config, session);
      session.onEnd((end) => {
        chat.stop();
        const text =
          end === "expired"
            ? "Your session has ended. Sign in to go on where you were."
            : "You signed out in another tab.";
        setStage({ at: "door", session, note: text });
      });
      await chat.start();
      setStage({ at: "chat", chat });
    } catch (failure) {
      if (failure instanceof ApiError && failure.code === "SIGNED_OUT") return;
      setStage({
        at: "problem",
        text:
          failure instanceof ApiError
            ? failure.message
            : failure instanceof Error
              ? failure.message
              : sentence(failure),
      });
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
      return <Problem title="Parley cannot open" text={stage.text} onRetry={() => void begin()} />;
    case "chat":
      return (
        <ChatContext value={stage.chat}>
          <ChatScreen />
        </ChatContext>
      );
  }
}

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
