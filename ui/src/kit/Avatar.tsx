/** Initials on a colour derived from the user id. */
import type { CSSProperties } from "react";

interface AvatarProps {
  readonly userId: string;
  readonly name: string;
  readonly size?: number;
  readonly status?: "online" | "offline" | undefined;
}

export function Avatar({ userId, name, size = 36, status }: AvatarProps) {
  const style = { "--hue": hue(userId), "--avatar-size": `${size / 16}rem` } as CSSProperties;
  return (
    <span className="avatar" style={style} aria-hidden="true">
      {initials(name)}
      {status && <span className="presence" data-status={status} />}
    </span>
  );
}

/** A hue in degrees: FNV-1a times the golden angle, so that similar ids have different colours. */
export function hue(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0;
  }
  return Math.round(((hash % 1_000) * 137.508) % 360);
}

/** The first graphemes of the first and last word; a username after the name is left out. */
export function initials(shownName: string): string {
  const name = shownName.replace(/ \(@[^()]*\)$/, "");
  const words = name.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];
  const first = words[0];
  if (!first) return firstCharacter(name.trim()) || "?";
  const last = words.length > 1 ? words.at(-1) : undefined;
  return (firstCharacter(first) + (last ? firstCharacter(last) : "")).toUpperCase();
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function firstCharacter(text: string): string {
  for (const { segment } of segmenter.segment(text)) return segment;
  return "";
}
