// A row may be hovered or chosen while anything stands in it, so every ink must be readable on every background of a row.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

/** WCAG 2.2, success criterion 1.4.3, for text of usual size. */
const LEAST = 4.5;

const SHEET = readFileSync(join(import.meta.dirname, "styles.css"), "utf8");
const ROWS = ["page", "panel", "hover", "chosen"];
const INKS = [
  ...["ink", "ink-2", "ink-3", "accent", "available", "ringing", "busy", "wrap-up", "break"],
  ...["no-answer", "offline", "waiting", "late"],
];

function colours(scheme: string): Map<string, string> {
  const block = SHEET.match(new RegExp(`data-mantine-color-scheme="${scheme}"\\] \\{([^}]*)\\}`))?.[1];
  const found = block?.matchAll(/--([\w-]+): (#[\da-f]{6});/g) ?? [];
  return new Map([...found].map(([, name = "", colour = ""]) => [name, colour]));
}

/** Relative luminance, as WCAG defines it. */
function luminance(colour: string): number {
  const part = (at: number) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

function contrast(one: string, other: string): number {
  const both = [luminance(one), luminance(other)];
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}

describe.each(["light", "dark"])("in the %s scheme", (scheme) => {
  const known = colours(scheme);
  const pairs = [
    ...INKS.flatMap((ink) => ROWS.map((row) => [ink, row] as const)),
    ...["bar-ink", "bar-ink-2"].map((ink) => [ink, "bar"] as const),
    ["warn-ink", "warn-back"] as const,
    ["bad-ink", "bad-back"] as const,
  ];

  test.each(pairs)("%s can be read on %s", (ink, back) => {
    const [text = "", ground = ""] = [known.get(ink), known.get(back)];
    // One that is not in the sheet has a contrast of NaN.
    expect(contrast(text, ground)).toBeGreaterThanOrEqual(LEAST);
  });
});
