/** A narrow page, as in the style sheets: the list of channels is a drawer, and a side panel covers the channel. */
export const NARROW = "(width < 48rem)";

export function isNarrow(): boolean {
  return matchMedia(NARROW).matches;
}

/** Call `listener` when the page becomes wide: the window was enlarged, or the device turned. The result removes it. */
export function onWide(listener: () => void): () => void {
  const media = matchMedia(NARROW);
  const onChange = () => {
    if (!media.matches) listener();
  };
  media.addEventListener("change", onChange);
  return () => media.removeEventListener("change", onChange);
}
