/** The viewport of a drawing: fit, zoom, drag. Coordinates are in drawing units. */
import { type PointerEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

export interface View {
  readonly x: number;
  readonly y: number;
  /** Pixels per unit. */
  readonly scale: number;
}

const MIN_SCALE = 0.2;
const MAX_SCALE = 2.5;
/** State names are not legible below this scale. */
const MIN_LEGIBLE_SCALE = 0.5;
/** The height of the controls at the bottom, with their distance to the edge: nothing is fitted below them. */
const CONTROLS_PX = 60;
/** A press that moves less than this is a click, not a drag. */
const CLICK_PX = 4;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The horizontal place to show if not all of the box is shown. */
  readonly first?: number;
}

/** The view that shows a box completely, centred, at most at scale `most`. */
export function fitBox(box: Box, frame: { width: number; height: number }, most = 1): View {
  const scale = Math.min(
    most,
    Math.max(MIN_SCALE, Math.min(frame.width / box.width, frame.height / box.height)),
  );
  return {
    scale,
    x: box.x - (frame.width / scale - box.width) / 2,
    y: box.y - (frame.height / scale - box.height) / 2,
  };
}

/** As `fitBox`, but at least at a legible scale; then the top of the box is shown, with `first` if there is one. */
export function fitLegibly(box: Box, frame: { width: number; height: number }): View {
  const whole = fitBox(box, frame);
  if (whole.scale >= MIN_LEGIBLE_SCALE) return whole;
  const width = frame.width / MIN_LEGIBLE_SCALE;
  const spare = box.width - width;
  const left = box.first === undefined ? spare / 2 : box.first - width / 2 - box.x;
  const within = spare > 0 ? Math.min(spare, Math.max(0, left)) : spare / 2;
  return { scale: MIN_LEGIBLE_SCALE, x: box.x + within, y: box.y };
}

/** The view with another scale; the point at `at` (in pixels) stays fixed. */
export function zoomAt(view: View, factor: number, at: { x: number; y: number }): View {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  return {
    scale,
    x: view.x + at.x / view.scale - at.x / scale,
    y: view.y + at.y / view.scale - at.y / scale,
  };
}

/** Whether a box at a legible scale is wider than the frame. */
export function isTooWide(box: Box, frame: { width: number }): boolean {
  return box.width * MIN_LEGIBLE_SCALE > frame.width;
}

/** The element of a drawing, and its size; 0 before it is measured. */
export function useFrame() {
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { frame, size };
}

export function useViewport(target: Box, { frame, size: whole }: ReturnType<typeof useFrame>) {
  const size = useMemo(
    () => ({ width: whole.width, height: Math.max(1, whole.height - CONTROLS_PX) }),
    [whole],
  );
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const moved = useRef(false);
  const drag = useRef<{ x: number; y: number; began: boolean } | null>(null);

  const showAll = useCallback(() => {
    moved.current = true;
    if (size.width > 0) setView(fitBox(target, size));
  }, [size, target]);

  useEffect(() => {
    void target;
    moved.current = false;
  }, [target]);

  // Until the user moves the drawing, it is fitted to the frame on each resize.
  useEffect(() => {
    if (!moved.current && size.width > 0) setView(fitLegibly(target, size));
  }, [target, size]);

  const zoom = useCallback(
    (factor: number, at?: { x: number; y: number }) => {
      moved.current = true;
      setView((before) => zoomAt(before, factor, at ?? { x: size.width / 2, y: size.height / 2 }));
    },
    [size],
  );

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      moved.current = true;
      const bounds = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) {
        const at = { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
        setView((before) => zoomAt(before, Math.exp(-event.deltaY / 180), at));
      } else {
        setView((before) => ({
          ...before,
          x: before.x + event.deltaX / before.scale,
          y: before.y + event.deltaY / before.scale,
        }));
      }
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [frame]);

  const pointer = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button === 0) drag.current = { x: event.clientX, y: event.clientY, began: false };
    },
    onPointerMove: (event: PointerEvent) => {
      const from = drag.current;
      if (!from) return;
      const dx = event.clientX - from.x;
      const dy = event.clientY - from.y;
      if (!from.began && Math.hypot(dx, dy) < CLICK_PX) return;
      if (!from.began) frame.current?.setPointerCapture(event.pointerId);
      moved.current = true;
      drag.current = { x: event.clientX, y: event.clientY, began: true };
      setView((before) => ({ ...before, x: before.x - dx / before.scale, y: before.y - dy / before.scale }));
    },
    onPointerUp: () => {
      drag.current = null;
    },
    onPointerCancel: () => {
      drag.current = null;
    },
  };

  const show = useCallback(
    (box: Box) => {
      setView((before) => {
        const width = size.width / before.scale;
        const height = size.height / before.scale;
        const pad = 24 / before.scale;
        const x = Math.min(Math.max(before.x, box.x + box.width + pad - width), box.x - pad);
        const y = Math.min(Math.max(before.y, box.y + box.height + pad - height), box.y - pad);
        return x === before.x && y === before.y ? before : { ...before, x, y };
      });
    },
    [size],
  );

  return { view, showAll, zoom, pointer, show };
}
