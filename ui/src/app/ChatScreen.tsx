/** The chat for a signed-in user: the shell, or the inspector at its address. */
import { lazy, Suspense } from "react";
import { Chat } from "../core/chat/chat";
import { ChatContext } from "../features/shared/chatContext";
import { useRoute } from "../features/shared/useRoute";
import { Skeleton } from "../kit/Skeleton";
import { ChatShell } from "./ChatShell";

const InspectorScreen = lazy(() => import("../features/inspector/InspectorScreen"));

export { Chat };

export default function ChatScreen({ chat }: { chat: Chat }) {
  const route = useRoute();
  return (
    <ChatContext value={chat}>
      {route.page === "inspector" && chat.config.inspector ? (
        <Suspense fallback={<Skeleton lines={6} />}>
          <InspectorScreen chat={chat} subpath={route.subpath} />
        </Suspense>
      ) : (
        <ChatShell chat={chat} />
      )}
    </ChatContext>
  );
}
