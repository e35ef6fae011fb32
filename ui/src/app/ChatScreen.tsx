/** The chat for a signed-in user: the shell, or the inspector at its address. */
import { useEffect, useRef } from "react";
import { Chat } from "../core/chat/chat";
import { ChatContext } from "../features/shared/chatContext";
import { useRoute } from "../features/shared/useRoute";
import { chunk } from "../kit/chunk";
import { ignoreKeysOfComposition } from "../kit/composition";
import { Skeleton } from "../kit/Skeleton";
import { ChatShell } from "./ChatShell";

const InspectorScreen = chunk(() => import("../features/inspector/InspectorScreen"), {
  what: "The inspector",
  loading: () => <Skeleton lines={6} />,
});

export { Chat };

export default function ChatScreen({ chat }: { chat: Chat }) {
  const route = useRoute();
  useEffect(ignoreKeysOfComposition, []);
  const chatShown = useRef(false);
  useEffect(() => {
    if (route.page !== "inspector") chatShown.current = true;
  }, [route.page]);
  return (
    <ChatContext value={chat}>
      {route.page === "inspector" && chat.config.inspector ? (
        <InspectorScreen
          config={chat.config}
          tokens={chat.tokens}
          subpath={route.subpath}
          hasChat
          takesFocus={chatShown.current}
        />
      ) : (
        <ChatShell chat={chat} />
      )}
    </ChatContext>
  );
}
