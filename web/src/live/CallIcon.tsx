import type { ReactNode } from "react";

const MICROPHONE = (
  <path
    d="M7 1a2 2 0 012 2v3.5a2 2 0 01-4 0V3a2 2 0 012-2zM3 6.5a4 4 0 008 0M7 10.5V13M4.8 13h4.4"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.3"
    strokeLinecap="round"
  />
);

const SHAPES = {
  hold: <path d="M3 2h3v10H3zM8 2h3v10H8z" fill="currentColor" />,
  resume: <path d="M3.5 1.8v10.4L12 7z" fill="currentColor" />,
  mute: MICROPHONE,
  muted: (
    <>
      {MICROPHONE}
      <path d="M1.5 1.5l11 11" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" />
    </>
  ),
  keypad: (
    <g fill="currentColor">
      {[2.5, 7, 11.5].flatMap((x) =>
        [2.5, 7, 11.5].map((y) => <circle key={`${x} ${y}`} cx={x} cy={y} r="1.4" />),
      )}
    </g>
  ),
  record: <circle cx="7" cy="7" r="4.6" fill="currentColor" />,
  stop: <rect x="2.5" y="2.5" width="9" height="9" rx="1" fill="currentColor" />,
  hangUp: (
    <path
      d="M1.2 8.9c-.5-.6-.4-1.5.2-2C4.8 4 9.2 4 12.6 6.9c.6.5.7 1.4.2 2l-.8 1c-.3.4-.9.5-1.3.2L9 9a1 1 0 01-.4-.8V6.9a8 8 0 00-3.2 0v1.3A1 1 0 015 9l-1.7 1.1c-.4.3-1 .2-1.3-.2z"
      fill="currentColor"
    />
  ),
  transfer: (
    <path
      d="M1.5 7h10M8 3.2L11.8 7 8 10.8"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  up: (
    <path
      d="M7 12V2.5M3.2 6.2L7 2.4l3.8 3.8"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  down: (
    <path
      d="M7 2v9.5M3.2 7.8L7 11.6l3.8-3.8"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  swap: (
    <path
      d="M2 4.5h9.5M9 2l2.5 2.5L9 7M12 9.5H2.5M5 7L2.5 9.5 5 12"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  three: (
    <g fill="currentColor">
      <circle cx="7" cy="3.4" r="2.2" />
      <circle cx="3.2" cy="10" r="2.2" />
      <circle cx="10.8" cy="10" r="2.2" />
    </g>
  ),
  more: (
    <g fill="currentColor">
      <circle cx="2.2" cy="7" r="1.4" />
      <circle cx="7" cy="7" r="1.4" />
      <circle cx="11.8" cy="7" r="1.4" />
    </g>
  ),
  watch: (
    <path
      d="M2 9V7a5 5 0 0110 0v2M2 8.5h1.5v3.5H2.8a.8.8 0 01-.8-.8zM12 8.5h-1.5v3.5h.7a.8.8 0 00.8-.8z"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinejoin="round"
    />
  ),
} satisfies Record<string, ReactNode>;

/** A drawing beside words that say the same. */
export function CallIcon({ shape, size = 14 }: { shape: keyof typeof SHAPES; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 14 14" aria-hidden="true">
      {SHAPES[shape]}
    </svg>
  );
}
