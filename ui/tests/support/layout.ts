/**
 * The layout that windowed lists need: each element has a fixed height, and scrolling elements keep their offset.
 * Positions on screen are tested in a real browser.
 */
import { act } from "@testing-library/react";
import { vi } from "vitest";
import { NARROW } from "../../src/kit/narrow";

const VIEWPORT_PX = 600;
const LINE_PX = 40;
const WIDTH_PX = 320;

const scrollers = ".MessageList_scroller, .EmojiPopover_viewport, .WindowedList_list";

export function installLayout(): void {
  setHeights(() => LINE_PX);
  vi.stubGlobal("ResizeObserver", FixedSizes);
  installMedia();
  Object.defineProperty(HTMLElement.prototype, "offsetParent", {
    configurable: true,
    get(this: HTMLElement) {
      return this.parentElement;
    },
  });
  Object.defineProperty(HTMLElement.prototype, "scrollTo", {
    configurable: true,
    value(this: HTMLElement, { top = 0 }: ScrollToOptions) {
      this.scrollTop = Math.max(0, top);
      // As in a browser, the event follows.
      queueMicrotask(() => act(() => void this.dispatchEvent(new Event("scroll"))));
    },
  });
  Object.defineProperty(HTMLElement.prototype, "getBoundingClientRect", {
    configurable: true,
    value: rectOf,
  });
}

const device = { pointer: "fine", narrow: false };
let queries: MediaQuery[] = [];

class MediaQuery extends EventTarget {
  readonly media: string;

  constructor(media: string) {
    super();
    this.media = media;
  }

  get matches(): boolean {
    return this.media === `(pointer: ${device.pointer})` || (this.media === NARROW && device.narrow);
  }
}

function installMedia(): void {
  Object.assign(device, { pointer: "fine", narrow: false });
  queries = [];
  vi.stubGlobal("matchMedia", (media: string) => {
    const query = new MediaQuery(media);
    queries.push(query);
    return query;
  });
}

/** Whether the main pointer is a mouse or a finger. */
export function setPointer(pointer: "fine" | "coarse"): void {
  device.pointer = pointer;
}

/** Make the page narrow or wide. */
export function setNarrow(narrow: boolean): void {
  device.narrow = narrow;
  act(() => queries.forEach((query) => void query.dispatchEvent(new Event("change"))));
}

/** The height of a row, by its text. */
export let heightOf: (row: Element) => number = () => LINE_PX;

/** Give rows heights that the list cannot guess. */
export function setHeights(by: (row: Element) => number): void {
  heightOf = by;
}

/** Where an element is on screen: the windowed list places rows by their offset from the start. */
function rectOf(this: HTMLElement): DOMRect {
  const scroller = this.closest<HTMLElement>(scrollers);
  const row = this.closest<HTMLElement>("[data-row]")?.parentElement;
  if (!scroller || !row || this === scroller)
    return new DOMRect(0, 0, WIDTH_PX, this === scroller ? VIEWPORT_PX : 0);
  const top = Number.parseFloat(row.style.top) - scroller.scrollTop;
  return new DOMRect(0, top, WIDTH_PX, heightOf(row));
}

/** Reports the height of all observed elements once, in the next task. */
class FixedSizes {
  readonly #listener: ResizeObserverCallback;
  readonly #asked = new Set<Element>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: ResizeObserverCallback) {
    this.#listener = listener;
  }

  observe(target: Element): void {
    this.#asked.add(target);
    this.#timer ??= setTimeout(() => this.#report(), 0);
  }

  #report(): void {
    this.#timer = undefined;
    const entries = [...this.#asked].map((target) => {
      const height = target.matches(scrollers) ? VIEWPORT_PX : heightOf(target);
      return { target, contentRect: { width: WIDTH_PX, height } } as ResizeObserverEntry;
    });
    this.#asked.clear();
    if (entries.length > 0) this.#listener(entries, this);
  }

  unobserve(target: Element): void {
    this.#asked.delete(target);
  }

  disconnect(): void {
    this.#asked.clear();
  }
}
