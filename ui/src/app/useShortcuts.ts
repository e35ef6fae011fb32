/** The keyboard shortcuts that work everywhere in the chat. `ShortcutsDialog` lists them. */
import { useEffect } from "react";
import { questionMarkOpensShortcuts } from "../core/questionMarkShortcut";
import { channelPath, currentRoute, navigate } from "../core/router";
import { byName, channelTitle } from "../core/state/selectors";
import { store } from "../core/state/store";
import { focusComposer } from "../features/composer/focusComposer";
import type { DialogName } from "../features/shared/dialogs";
import { listedChannels } from "../features/sidebar/listedChannels";

interface ShortcutActions {
  readonly onOpen: (dialog: DialogName) => void;
  readonly onSearch: () => void;
}

export function useShortcuts({ onOpen, onSearch }: ShortcutActions): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const command = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      const isText = event.key.length === 1 && event.key !== " " && !command && !event.altKey;
      if (command && !event.shiftKey && !event.altKey && key === "k") onOpen("switch");
      else if (command && event.shiftKey && key === "f") onSearch();
      else if (event.key === "?" && !command && !isTextField(event.target) && questionMarkOpensShortcuts())
        onOpen("shortcuts");
      else if (event.altKey && !command && (key === "arrowdown" || key === "arrowup"))
        openNeighbour(key === "arrowdown" ? 1 : -1, event.shiftKey);
      else if (key === "f6" && !command && !event.altKey) focusNextRegion();
      else {
        // The message field gets the focus, and then the character.
        if (isText && isInMessages(event.target)) focusComposer();
        return;
      }
      event.preventDefault();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [onOpen, onSearch]);
}

function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable)
  );
}

/** Whether the focus is on a message, on the list of messages, or on no control. */
function isInMessages(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement) || document.querySelector("dialog[open]")) return false;
  return (
    target === document.body ||
    target.matches('main, aside, [data-region="messages"], [data-region="messages"] article')
  );
}

/** Focus the composer, the messages and the sidebar in turn. */
function focusNextRegion(): void {
  const regions = ["composer", "messages", "sidebar"]
    .map((region) => document.querySelector<HTMLElement>(`[data-region="${region}"]`))
    .filter((element) => element !== null);
  const current = regions.findIndex((element) => element.contains(document.activeElement));
  regions[(current + 1) % regions.length]?.focus();
}

/** Open the next or previous channel in the order of the sidebar, optionally only unread ones. */
function openNeighbour(by: 1 | -1, unreadOnly: boolean): void {
  const state = store.getState();
  const { people, me } = state;
  const route = currentRoute();
  const order = listedChannels(state, route.page === "channel" ? route.channelId : null)
    .map((channel) => ({ channel, displayName: channelTitle(channel, people, me?.userId) }))
    .sort((a, b) => Number(a.channel.kind === "direct") - Number(b.channel.kind === "direct") || byName(a, b))
    .map(({ channel }) => channel);
  const at = order.findIndex((channel) => route.page === "channel" && channel.channelId === route.channelId);
  // From a channel that is not listed, the previous one is the last.
  const from = at < 0 && by < 0 ? 0 : at;
  for (let steps = 1; steps <= order.length; steps += 1) {
    const next = order[(from + by * steps + order.length * (steps + 1)) % order.length];
    if (next && (!unreadOnly || next.unread > 0)) {
      navigate(channelPath(next.channelId));
      return;
    }
  }
}
