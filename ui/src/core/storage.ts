/** Browser storage that may be full or not available: reading then returns null, and writing returns false. */

export function readItem(key: string, storage: "local" | "session" = "local"): string | null {
  try {
    return storageOf(storage).getItem(key);
  } catch {
    return null;
  }
}

/** Store a value, or remove it if it is null. */
export function writeItem(
  key: string,
  value: string | null,
  storage: "local" | "session" = "local",
): boolean {
  try {
    if (value === null) storageOf(storage).removeItem(key);
    else storageOf(storage).setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

/** Accessing the storage itself may throw. */
function storageOf(storage: "local" | "session"): Storage {
  return storage === "local" ? localStorage : sessionStorage;
}
