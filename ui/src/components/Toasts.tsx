/** Short words about what went wrong or was done. Errors stay until dismissed or long enough to be read. */
import { useEffect } from "react";
import { useChatActions } from "../chat/context";
import type { Toast } from "../state/model";
import { useChat } from "../state/store";
import { Icon } from "./Icon";
import "./Toasts.css";

export function Toasts() {
  const toasts = useChat((state) => state.toasts);
  return (
    <div className="toasts" aria-live="polite" role="status">
      {toasts.map((toast) => (
        <ToastLine key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastLine({ toast }: { toast: Toast }) {
  const chat = useChatActions();
  useEffect(() => {
    const timer = setTimeout(() => chat.dismiss(toast.id), toast.kind === "error" ? 9_000 : 4_500);
    return () => clearTimeout(timer);
  }, [chat, toast]);
  return (
    <div className={`toast toast-${toast.kind}`}>
      <Icon name={toast.kind === "error" ? "alert" : "check"} size={18} />
      <p>{toast.text}</p>
      <button
        type="button"
        className="icon-button"
        aria-label="Dismiss"
        onClick={() => chat.dismiss(toast.id)}
      >
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}
