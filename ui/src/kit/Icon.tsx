/** Icons on a 20-unit grid. They are decorative: the label of the button has the meaning. */

const paths = {
  hash: "M7.5 3 6 17M14 3l-1.500 14M3.500 7h14M2.500 13h14",
  lock: "M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9",
  plus: "M10 4v12M4 10h12",
  search: "M8.500 3.500a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12.500 12.500 17 17",
  people:
    "M7.500 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6M2.500 16.500c0-2.800 2.200-4.500 5-4.500s5 1.700 5 4.500M13 4.300a3 3 0 0 1 0 5.400M14.700 12.500c1.700.7 2.800 2 2.800 4",
  send: "M3.500 4.500 17 10 3.500 15.500l2-5.500zM5.500 10H11",
  smile:
    "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M7 12c.7 1 1.800 1.500 3 1.500s2.300-.5 3-1.500M7.500 8v.500M12.500 8v.500",
  edit: "M12.500 4.500l3 3L7 16l-3.500.5L4 13zM11 6l3 3",
  trash: "M4 6h12M8 6V4h4v2M5.500 6l.7 10.500h7.600L14.500 6M8.500 9v5M11.500 9v5",
  link: "M8.500 11.500a3 3 0 0 0 4.300 0l2.400-2.400a3 3 0 0 0-4.300-4.300l-1 1M11.500 8.500a3 3 0 0 0-4.300 0l-2.400 2.400a3 3 0 0 0 4.300 4.300l1-1",
  quote: "M8 5.500H4V10h4zm0 4.500c0 2-1 3.500-3 4.500M16 5.500h-4V10h4zm0 4.500c0 2-1 3.500-3 4.500",
  close: "M5 5l10 10M15 5 5 15",
  menu: "M3 5.500h14M3 10h14M3 14.500h14",
  down: "M10 4v12M5 11l5 5 5-5",
  up: "M10 16V4M5 9l5-5 5 5",
  settings:
    "M3.500 6.500H9M14 6.500h2.500M3.500 13.500H6M11 13.500h5.500M9 6.500a2.500 2.500 0 1 0 5 0 2.500 2.500 0 0 0-5 0M6 13.500a2.500 2.500 0 1 0 5 0 2.500 2.500 0 0 0-5 0",
  sun: "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7M10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100",
  moon: "M16.500 12A7 7 0 0 1 8 3.500a7 7 0 1 0 8.500 8.500",
  system: "M3 4h14v9.500H3zM7.500 17h5M10 13.500V17",
  bell: "M5 13.500V9a5 5 0 0 1 10 0v4.500l1.500 1.500h-13zM8.500 17.300c.8.700 2.200.7 3 0",
  leave: "M8 3.500H4v13h4M8 10h9M13.500 6.500 17 10l-3.500 3.500",
  keyboard:
    "M2.500 5.500h15v9h-15zM5.500 8.500h.010M8.500 8.500h.010M11.500 8.500h.010M14.500 8.500h.010M6.500 11.500h7",
  chart: "M3.500 3.500v13h13M6.500 12.500l3-4 2.500 2.500 4-5.500",
  check: "M4 10.500 8 14.500 16 6",
  checks: "M2 10.500l3.700 4L13 6.500M9.500 13.800l.7.700L18 6.500",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6v4l2.700 1.700",
  alert: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6.500V11M10 13.500v.010",
  inbox: "M3.500 11 5.500 4h9l2 7v5.500h-13zM3.500 11h4l1 2h3l1-2h4",
  info: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 9.500V14M10 6.500v.010",
  back: "M12 4 6 10l6 6",
  compass: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M13 7l-1.700 4.300L7 13l1.700-4.300z",
  copy: "M7.500 7.500h9v9h-9zM4.500 12.500h-1v-9h9v1",
  fit: "M3.500 7.500v-4h4M12.500 3.500h4v4M16.500 12.500v4h-4M7.500 16.500h-4v-4",
  flow: "M7.500 3h5v4h-5zM3 13h5v4H3zM12 13h5v4h-5zM10 7v3M5.500 13v-3h9v3",
  forward: "M8 4l6 6-6 6",
  map: "M5 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4M15 3a2 2 0 1 0 0 4 2 2 0 0 0 0-4M15 13a2 2 0 1 0 0 4 2 2 0 0 0 0-4M6.800 9l6.400-3.200M6.800 11l6.400 3.200",
  minus: "M4 10h12",
  pause: "M7 4.500v11M13 4.500v11",
  play: "M6 4l10 6-10 6z",
  pulse: "M2.500 10.500H6l2-6 4 11 2-5h3.500",
  route:
    "M5 12.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4M15 3.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4M7 14.500h5.500a2.500 2.500 0 0 0 0-5h-5a2.500 2.500 0 0 1 0-5H13",
  retry: "M16 10a6 6 0 1 1-1.800-4.300M16 3v3.500h-3.500",
} as const;

export type IconName = keyof typeof paths;

/** A size in pixels as a length that grows with the browser's font size, like the text around it. */
function rem(pixels: number): string {
  return `${pixels / 16}rem`;
}

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={rem(size)}
      height={rem(size)}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** Parley's logo: a speech bubble with a P. */
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg width={rem(size)} height={rem(size)} viewBox="0 0 32 32" aria-hidden="true">
      <path
        className="logo-bubble"
        d="M4 15.500C4 8.600 9.600 3 16.500 3h.9C23.800 3 29 8.200 29 14.600S23.800 26.200 17.400 26.200H11l-4.900 3.500c-.9.600-2.100 0-2.100-1.100z"
      />
      <path
        className="logo-letter"
        d="M11.300 9.400h5.900c3 0 5.200 2 5.200 4.900s-2.200 4.900-5.200 4.900h-2.600v3.400h-3.300zm3.300 2.900v4h2.300c1.300 0 2.100-.8 2.100-2s-.8-2-2.100-2z"
      />
    </svg>
  );
}
