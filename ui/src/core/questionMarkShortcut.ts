/** Whether the "?" key opens the list of shortcuts. Speech input may type a single character by accident (WCAG 2.1.4). */
import { readItem, writeItem } from "./storage";

const KEY = "parley.questionMarkShortcut";

export function questionMarkOpensShortcuts(): boolean {
  return readItem(KEY) !== "off";
}

export function setQuestionMarkOpensShortcuts(opens: boolean): void {
  writeItem(KEY, opens ? null : "off");
}
