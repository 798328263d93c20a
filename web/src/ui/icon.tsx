/** 24 × 24, stroked with the text's colour. */
const PATHS = {
  wall: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  events: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.4-3.6 3-6 6.5-6s6.1 2.4 6.5 6M16 4.300a3.5 3.5 0 0 1 0 6.500M18 14.400c2 .8 3.3 2.8 3.5 5.6',
  doors: 'M6 21V4.500A1.5 1.5 0 0 1 7.5 3h9A1.5 1.5 0 0 1 18 4.500V21M3 21h18M14.5 12v1.5',
  system: 'M3 5h18v11H3zM8.5 20h7M12 16v4',
  dark: 'M20 14.500A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.500Z',
  light:
    'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2.500V5M12 19v2.500M2.5 12H5M19 12h2.500M5.3 5.3 7 7M17 17l1.7 1.700M18.7 5.3 17 7M7 17l-1.7 1.7',
  help: 'M9.2 9.200a2.9 2.9 0 1 1 4.3 2.500c-1 .6-1.5 1.1-1.5 2.300M12 17.500h.01M12 21.500a9.5 9.5 0 1 0 0-19 9.5 9.5 0 0 0 0 19Z',
  logout: 'M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9.5',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  chevron: 'M7 10l5 5 5-5',
  back: 'M14.5 6 8.5 12l6 6',
  full: 'M4 9V5a1 1 0 0 1 1-1h4M15 4h4a1 1 0 0 1 1 1v4M20 15v4a1 1 0 0 1-1 1h-4M9 20H5a1 1 0 0 1-1-1v-4',
  trash: 'M4.5 7h15M9.5 7V4.500h5V7M6.5 7l.8 12.500h9.400L17.5 7M10 11v5M14 11v5',
  check: 'M5 12.500l4.5 4.500L19 7.5',
  cross: 'M7 7l10 10M17 7 7 17',
  warn: 'M12 4 2.8 20h18.400ZM12 10v4.500M12 17.300h.01',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 14.700a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.400Z',
  leave: 'M13 5h5a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1h-5M10 8l-4 4 4 4M6 12h9',
  camera: 'M3 8a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2ZM16 10.5 21 7.500v9l-5-3',
  upload: 'M12 15.500V4.500M7.5 9 12 4.5 16.5 9M4.5 15.500V18a1.5 1.5 0 0 0 1.5 1.500h12a1.5 1.5 0 0 0 1.5-1.500v-2.5',
  area: 'M5 6.500 18 4l2.5 12L8 20ZM5 6.500h.01M18 4h.01M20.5 16h.01M8 20h.01',
  change: 'M4 20l.9-4L16 4.900a2 2 0 0 1 2.800 0l.3.300a2 2 0 0 1 0 2.800L8 19.100ZM14 7l3 3',
  undo: 'M9 7 4.5 11.500 9 16M5 11.500h9a5 5 0 0 1 0 10h-2',
  key: 'M14.500 13.500a5 5 0 1 0-4-4L3.5 16.500V20.500h4v-2.500h2.500v-2.500h2.500ZM15.800 8.200h.01',
  lock: 'M6.5 11h11a1 1 0 0 1 1 1v7.500a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1V12a1 1 0 0 1 1-1ZM8.5 11V7.500a3.5 3.5 0 0 1 7 0V11',
  unlock:
    'M6.5 11h11a1 1 0 0 1 1 1v7.500a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1V12a1 1 0 0 1 1-1ZM8.5 11V7.500a3.5 3.5 0 0 1 6.800-1.200',
  feed: 'M5.5 18.500h.01M4.5 11.500a8 8 0 0 1 8 8M4.5 5a14.500 14.500 0 0 1 14.500 14.500',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20.5 20.5',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration beside text, or inside a button that has a label of its own. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
