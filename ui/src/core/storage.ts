/**
 * Browser storage that may be full or not available: accessing it, reading and writing may throw. Values that cannot be
 * stored are kept as long as the page.
 */

export type StorageKind = "local" | "session";

export function readItem(key: string, kind: StorageKind = "local"): string | null {
  return safeStorage(kind).getItem(key);
}

/** Store a value, or remove it if it is null. Returns whether it was stored beyond this page. */
export function writeItem(key: string, value: string | null, kind: StorageKind = "local"): boolean {
  const storage = safeStorage(kind);
  if (value === null) storage.removeItem(key);
  else storage.setItem(key, value);
  return value === null || storage.stored(key);
}

/** The keys that begin with a prefix. */
export function keysOf(prefix: string, kind: StorageKind = "local"): string[] {
  return safeStorage(kind)
    .keys()
    .filter((key) => key.startsWith(prefix));
}

/** Whether values are kept beyond this page. */
export function isStorageAvailable(kind: StorageKind): boolean {
  const probe = "parley.probe";
  const available = writeItem(probe, "1", kind);
  writeItem(probe, null, kind);
  return available;
}

export function safeStorage(kind: StorageKind): SafeStorage {
  return kind === "local" ? local : session;
}

/** A `Storage` that never throws. */
export class SafeStorage implements Storage {
  readonly #open: () => Storage;
  /** Values that the browser does not store. */
  readonly #memory = new Map<string, string>();

  constructor(open: () => Storage) {
    this.#open = open;
  }

  get length(): number {
    return this.keys().length;
  }

  key(index: number): string | null {
    return this.keys()[index] ?? null;
  }

  keys(): string[] {
    const stored = this.#try((storage) =>
      Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? ""),
    );
    return [...new Set([...(stored ?? []), ...this.#memory.keys()])];
  }

  getItem(key: string): string | null {
    return this.#memory.get(key) ?? this.#try((storage) => storage.getItem(key)) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#memory.delete(key);
    const stored = this.#try((storage) => {
      storage.setItem(key, value);
      return true;
    });
    if (stored !== true) this.#memory.set(key, value);
  }

  removeItem(key: string): void {
    this.#memory.delete(key);
    this.#try((storage) => storage.removeItem(key));
  }

  clear(): void {
    this.#memory.clear();
    this.#try((storage) => storage.clear());
  }

  /** Whether a value is in the browser's storage, not only in this page. */
  stored(key: string): boolean {
    return !this.#memory.has(key);
  }

  #try<T>(use: (storage: Storage) => T): T | undefined {
    try {
      return use(this.#open());
    } catch {
      return undefined;
    }
  }
}

// The global is read at each use: accessing it may throw.
const local = new SafeStorage(() => localStorage);
const session = new SafeStorage(() => sessionStorage);
