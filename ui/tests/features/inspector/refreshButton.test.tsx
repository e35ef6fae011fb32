// @vitest-environment happy-dom
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { RefreshButton } from "../../../src/features/inspector/RefreshButton";

test("while the data is read, the button keeps the focus and does nothing", () => {
  const onRefresh = vi.fn();
  const { rerender } = render(<RefreshButton busy={false} onRefresh={onRefresh} />);
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Refresh" });
  button.focus();
  fireEvent.click(button);
  rerender(<RefreshButton busy onRefresh={onRefresh} />);
  fireEvent.click(button);
  expect(onRefresh).toHaveBeenCalledTimes(1);
  expect([button.disabled, button.getAttribute("aria-disabled")]).toEqual([false, "true"]);
  expect(document.activeElement).toBe(button);
});
