/** Other tabs of the browser, for tests: channels between tabs whose messages arrive in virtual time. */
import { vi } from "vitest";

const ARRIVES_AFTER_MS = 1;

export class FakeBroadcastChannel extends EventTarget {
  static readonly open = new Set<FakeBroadcastChannel>();
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
    FakeBroadcastChannel.open.add(this);
  }

  postMessage(data: unknown): void {
    for (const other of FakeBroadcastChannel.open)
      if (other !== this && other.name === this.name)
        setTimeout(() => other.dispatchEvent(new MessageEvent("message", { data })), ARRIVES_AFTER_MS);
  }

  close(): void {
    FakeBroadcastChannel.open.delete(this);
  }
}

/** Use such channels until the end of the test. */
export function installTabs(): void {
  FakeBroadcastChannel.open.clear();
  vi.stubGlobal("BroadcastChannel", FakeBroadcastChannel);
}

/** The number of open channels with a name. */
export function openChannels(name: string): number {
  return [...FakeBroadcastChannel.open].filter((channel) => channel.name === name).length;
}
