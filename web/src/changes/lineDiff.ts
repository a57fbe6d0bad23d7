// Which lines of a text became which. Pure.
//
// Myers, "An O(ND) difference algorithm", 1986: the fewest lines taken away and added. Its work grows with the square of those, so
// there is a limit to them.

export type Sign = "same" | "gone" | "new";

export interface DiffLine {
  sign: Sign;
  text: string;
}

/** Lines that differ and some around them, and how many were left out before. */
export interface Hunk {
  skipped: number;
  lines: DiffLine[];
}

/** The most lines that may differ. */
const MAX_EDITS = 2_000;
/** Lines shown around those that differ. */
const AROUND = 3;

/** Line by line; `null`: too much differs. */
export function diffLines(before: string, after: string): DiffLine[] | null {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
  let end = 0;
  const rest = Math.min(old.length, fresh.length) - start;
  while (end < rest && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  const middle = edits(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end));
  if (!middle) return null;
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ sign: "same", text }));
  return [...same(old.slice(0, start)), ...middle, ...same(old.slice(old.length - end))];
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function edits(old: readonly string[], fresh: readonly string[]): DiffLine[] | null {
  const trace: Int32Array[] = [];
  const most = Math.min(old.length + fresh.length, MAX_EDITS);
  // How far each diagonal has come; `furthest[middle + k]` is that of diagonal k.
  const middle = most + 1;
  const furthest = new Int32Array(2 * middle + 1);
  for (let count = 0; count <= most; count += 1) {
    trace.push(furthest.slice(middle - count - 1, middle + count + 2));
    for (let k = -count; k <= count; k += 2) {
      const [left, right] = [furthest[middle + k - 1] ?? 0, furthest[middle + k + 1] ?? 0];
      let x = k === -count || (k !== count && left < right) ? right : left + 1;
      while (x < old.length && x - k < fresh.length && old[x] === fresh[x - k]) x += 1;
      furthest[middle + k] = x;
      if (x >= old.length && x - k >= fresh.length) return walkBack(trace, old, fresh);
    }
  }
  return null;
}

function walkBack(
  trace: readonly Int32Array[],
  old: readonly string[],
  fresh: readonly string[],
): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [old.length, fresh.length];
  for (let count = trace.length - 1; count >= 0; count -= 1) {
    const at = (k: number) => trace[count]?.[k + count + 1] ?? 0;
    const k = x - y;
    const down = k === -count || (k !== count && at(k - 1) < at(k + 1));
    const fromX = count === 0 ? 0 : down ? at(k + 1) : at(k - 1);
    const fromY = count === 0 ? 0 : fromX - (down ? k + 1 : k - 1);
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      lines.push({ sign: "same", text: old[x] ?? "" });
    }
    if (count === 0) break;
    if (down) lines.push({ sign: "new", text: fresh[fromY] ?? "" });
    else lines.push({ sign: "gone", text: old[fromX] ?? "" });
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
}

/** Only what differs, with some lines around. */
export function hunksOf(lines: readonly DiffLine[]): Hunk[] {
  const shown = new Set<number>();
  for (const [at, { sign }] of lines.entries()) {
    if (sign === "same") continue;
    for (let near = at - AROUND; near <= at + AROUND; near += 1) shown.add(near);
  }
  const hunks: Hunk[] = [];
  let skipped = 0;
  for (const [at, line] of lines.entries()) {
    if (!shown.has(at)) skipped += 1;
    else if (skipped > 0 || hunks.length === 0) {
      hunks.push({ skipped, lines: [line] });
      skipped = 0;
    } else hunks.at(-1)?.lines.push(line);
  }
  return hunks;
}
