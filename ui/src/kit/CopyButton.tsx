/** Copies a text and shows the result. */
import { useEffect, useState } from "react";
import styles from "./CopyButton.module.css";
import { copyText } from "./copyText";
import { Icon } from "./Icon";

export function CopyButton({ what, text }: { readonly what: string; readonly text: () => string }) {
  const [state, setState] = useState<"ready" | "done" | "refused">("ready");
  useEffect(() => {
    if (state === "ready") return;
    const timer = setTimeout(() => setState("ready"), 1_800);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <button
      type="button"
      className={`icon-button ${styles.button}`}
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => {
        copyText(text()).then(
          () => setState("done"),
          () => setState("refused"),
        );
      }}
    >
      <Icon name={state === "done" ? "check" : state === "refused" ? "alert" : "copy"} size={16} />
      <span className="visually-hidden" role="status">
        {state === "done" ? "Copied" : state === "refused" ? "The browser does not allow copying" : ""}
      </span>
    </button>
  );
}
