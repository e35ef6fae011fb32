/** Renders again when a text that contains the time changes: at midnight, or every minute. */
import { useEffect, useReducer } from "react";
import { startOfDay } from "../../core/text/time";

/** Timers do not run while a computer sleeps: check when the page is used again. */
const WAKING = ["focus", "pageshow", "visibilitychange"] as const;

function useTick(next: (now: number) => number): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let due = next(Date.now());
    const wait = () => {
      timer = setTimeout(tick, due - Date.now());
    };
    const tick = () => {
      clearTimeout(timer);
      const now = Date.now();
      const isDue = now >= due;
      if (isDue) render();
      // A timer may fire early, and then waits for the rest. The clock may be set back.
      due = isDue ? next(now) : Math.min(due, next(now));
      wait();
    };
    wait();
    for (const event of WAKING) addEventListener(event, tick);
    return () => {
      clearTimeout(timer);
      for (const event of WAKING) removeEventListener(event, tick);
    };
  }, [next]);
}

const nextDay = (now: number) => startOfDay(now, 1);
const nextMinute = (now: number) => now + 60_000;

export const useDayTick = () => useTick(nextDay);
export const useMinuteTick = () => useTick(nextMinute);
