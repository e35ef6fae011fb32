/** Files cannot be sent. One that is dropped anywhere would replace the page, and a pasted one would just disappear. */
import { useEffect } from "react";
import { useChatActions } from "../features/shared/chatContext";

const REFUSAL = "Files cannot be sent. Send a link to the file, or paste its text.";

export function useRefusedFiles(): void {
  const chat = useChatActions();
  useEffect(() => {
    const onDragOver = (event: DragEvent) => {
      if (hasFiles(event.dataTransfer)) event.preventDefault();
    };
    const refuse = (event: DragEvent | ClipboardEvent) => {
      const data = "dataTransfer" in event ? event.dataTransfer : event.clipboardData;
      // Copied cells of a spreadsheet come as text and as a picture.
      if (!hasFiles(data) || (event.type === "paste" && data?.types.includes("text/plain"))) return;
      event.preventDefault();
      chat.toast("error", REFUSAL);
    };
    document.addEventListener("dragover", onDragOver);
    document.addEventListener("drop", refuse);
    document.addEventListener("paste", refuse);
    return () => {
      document.removeEventListener("dragover", onDragOver);
      document.removeEventListener("drop", refuse);
      document.removeEventListener("paste", refuse);
    };
  }, [chat]);
}

const hasFiles = (data: DataTransfer | null) => data?.types.includes("Files") === true;
