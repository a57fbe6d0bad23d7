// What a pattern is for, in words. Pure; what is no pattern is the server's to refuse.

/** Beside the field: all that may stand in a pattern. */
export const PATTERN_HELP =
  "Digits for one number. Or _ first, then digits, X (0–9), Z (1–9), N (2–9), [13-5]; at the end . (one or more) or ! (any).";

const CLASSES: Record<string, string> = { X: "0–9", Z: "1–9", N: "2–9" };

interface Part {
  /** What may stand there: a symbol, or "1–9". */
  words: string;
  single: boolean;
}

/** "0, then one of 1–9, then 8 digits" of `_0ZXXXXXXXX`; `null`: it is no pattern, or not yet. */
export function patternWords(pattern: string): string | null {
  if (!pattern.startsWith("_")) return /^\+?[\d*#]+$/.test(pattern) ? "this number alone" : null;
  const [, body = "", rest = ""] = /^_(.*?)([.!]?)$/.exec(pattern) ?? [];
  const parts = partsOf(body);
  if (!parts || parts.length === 0) return null;
  const said = runsOf(parts);
  if (rest === ".") said.push("at least one more");
  if (rest === "!") said.push("whatever follows, or nothing");
  return said.join(", then ");
}

function partsOf(body: string): Part[] | null {
  const parts = [...body.matchAll(/\[([^\]]*)\]|(.)/gs)].map(([, set, symbol = ""]) =>
    set === undefined ? partOf(symbol) : setOf(set),
  );
  return parts.includes(null) ? null : (parts as Part[]);
}

function partOf(symbol: string): Part | null {
  const among = CLASSES[symbol.toUpperCase()];
  if (among) return { words: among, single: false };
  return /[\d*#+]/.test(symbol) ? { words: symbol, single: true } : null;
}

/** What stands in brackets: "1, 3–5" of `13-5`. */
function setOf(text: string): Part | null {
  if (!/^(\d-\d|[\d*#+])+$/.test(text)) return null;
  const words = text.match(/\d-\d|./g)?.map((one) => one.replace("-", "–")) ?? [];
  return { words: words.join(", "), single: words.length === 1 && words[0]?.length === 1 };
}

/** Equal ones beside each other are said once: single ones as they are dialled, others by how many there are. */
function runsOf(parts: readonly Part[]): string[] {
  const runs: { part: Part; count: number; text: string }[] = [];
  for (const part of parts) {
    const last = runs.at(-1);
    if (last?.part.single && part.single) last.text += part.words;
    else if (last && !part.single && last.part.words === part.words) last.count += 1;
    else runs.push({ part, count: 1, text: part.words });
  }
  return runs.map(({ part, count, text }) => (part.single ? text : amongWords(part.words, count)));
}

function amongWords(among: string, count: number): string {
  if (among === CLASSES.X) return count === 1 ? "a digit" : `${count} digits`;
  return count === 1 ? `one of ${among}` : `${count} digits of ${among}`;
}
