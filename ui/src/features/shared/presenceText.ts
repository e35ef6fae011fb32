import { serverNow } from "../../core/clock";
import type { User } from "../../core/contract";
import { ago } from "../../core/text/time";

export function presenceText({ status, lastSeenAt }: User): string {
  if (status === "online") return "online";
  return lastSeenAt ? `last seen ${ago(lastSeenAt, serverNow())}` : "offline";
}
