// @vitest-environment happy-dom
/** A chunk that cannot be loaded: its place says what to do, and the rest of the page goes on. */
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Boundary } from "../../src/kit/Boundary";
import { chunk } from "../../src/kit/chunk";

beforeEach(() => {
  // React logs what a boundary catches.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const settle = () => act(() => Promise.resolve());

/** A chunk whose loading fails until `loadable` is set. */
function unreliable() {
  const state = { loadable: false, attempts: 0 };
  const Content = chunk(
    async () => {
      state.attempts += 1;
      if (!state.loadable) throw new TypeError("Failed to fetch dynamically imported module");
      return { default: ({ name }: { name: string }) => <p>settings of {name}</p> };
    },
    { what: "The settings", loading: () => <p>loading</p> },
  );
  return { state, Content };
}

test("says what to do, leaves the rest of the page, and is loaded by the button", async () => {
  const { state, Content } = unreliable();
  render(
    <>
      <p>the messages</p>
      <Content name="alice" />
    </>,
  );
  await settle();
  expect(screen.getByText("the messages")).toBeTruthy();
  expect(screen.getByRole("alert").textContent).toContain(
    "The settings cannot be shown. Check your connection and try again.",
  );
  state.loadable = true;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await settle();
  expect(screen.getByText("settings of alice")).toBeTruthy();
  expect(state.attempts).toBe(2);
});

test("offers to reload a page that is older than the site", async () => {
  const script = { src: "http://localhost/assets/index-old.js" } as HTMLScriptElement;
  vi.spyOn(document, "querySelector").mockReturnValue(script);
  vi.stubGlobal("fetch", async () => new Response('<script type="module" src="/assets/index-new.js">'));
  const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
  const { Content } = unreliable();
  render(<Content name="alice" />);
  await settle();
  await settle();
  expect(screen.getByRole("alert").textContent).toContain("there is a new version of Parley");
  fireEvent.click(screen.getByRole("button", { name: "Reload" }));
  expect(reload).toHaveBeenCalled();
});

let broken = false;
function Part() {
  if (broken) throw new Error("unexpected data");
  return <p>whole again</p>;
}

test("a part that fails while it is rendered is replaced, and shown again on request", async () => {
  broken = true;
  render(
    <Boundary what="This panel">
      <Part />
    </Boundary>,
  );
  expect(screen.getByRole("alert").textContent).toContain("This panel cannot be shown.");
  broken = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(screen.getByText("whole again")).toBeTruthy();
  await settle();
});
