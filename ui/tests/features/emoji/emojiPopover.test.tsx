// @vitest-environment happy-dom
/** Where the emoji picker is placed: next to its button, and in the window also after that has another size. */
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { EmojiPopover } from "../../../src/features/emoji/EmojiPopover";

const WIDTH = 344;
const HEIGHT = 384;

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

test("the picker stays in the window when a phone is turned while it is open", () => {
  vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(WIDTH);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(HEIGHT);
  const anchor = document.body.appendChild(document.createElement("button"));
  const place = vi.spyOn(anchor, "getBoundingClientRect");
  const turn = (width: number, height: number) => {
    vi.stubGlobal("innerWidth", width);
    vi.stubGlobal("innerHeight", height);
    place.mockReturnValue(new DOMRect(width - 90, height - 60, 40, 40));
    dispatchEvent(new Event("resize"));
  };
  turn(844, 390);
  const { unmount } = render(
    <EmojiPopover request={{ anchor, onPick: () => undefined }} onClose={() => undefined} />,
  );
  const box = document.querySelector("dialog")?.style;
  expect([box?.left, box?.top]).toEqual(["450px", "8px"]);
  turn(390, 844);
  expect([box?.left, box?.top]).toEqual(["8px", "392px"]);
  unmount();
  expect(() => turn(844, 390)).not.toThrow();
});
