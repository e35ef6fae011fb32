/** Whether the main pointer is a finger: then there is no hovering, and the keyboard is probably one on screen. */
export function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
