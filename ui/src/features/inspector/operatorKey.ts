/**
 * The key of `parley inspect`. The printed address has it in its fragment, which is not sent to a server. It is kept for
 * this origin, port included, so that other tabs have it too. A cookie would be sent to every port of the machine.
 */
import { readItem, writeItem } from "../../core/storage";

const STORED = "parley.inspector.key";
const IN_ADDRESS = /^#key=([\w-]+)$/;

/** Keep the key of the address, and remove it from there. Returns whether there was one. */
export function takeKey(): boolean {
  const key = IN_ADDRESS.exec(location.hash)?.[1];
  if (!key) return false;
  writeItem(STORED, key);
  history.replaceState(history.state, "", location.pathname + location.search);
  return true;
}

export function keyOfOperator(): string {
  return readItem(STORED) ?? "";
}
