// What went wrong, in words that can be shown to a person.

/** An RFC 9457 problem as the server sends it. */
export interface Problem {
  title: string;
  status: number;
  code: string;
  detail: string | null;
  /** The field of the request that was refused. */
  field: string | null;
}

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(inWords(problem));
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** One or two sentences: what happened, and the detail if there is one. */
export function inWords(problem: Problem): string {
  const title = sentence(problem.title);
  const detail = problem.detail ? sentence(problem.detail) : "";
  if (!detail || detail === title) return title;
  return `${title} ${detail}`;
}

/** Words for whatever was thrown. */
export function wordsFor(error: unknown): string {
  if (error instanceof ProblemError) return error.message;
  if (error instanceof SyntaxError) return UNREADABLE;
  return UNREACHABLE;
}

export const UNREACHABLE = "The server cannot be reached. Check the network, then try again.";
export const UNREADABLE = "The server's answer cannot be read. Perhaps another server is in between.";

/** The problem of an answer; answers that are none (a proxy's error page) are put in words by their status. */
export function problemOf(body: unknown, response: Response): Problem {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  return {
    title: text(fields.title) ?? titleOf(response.status),
    status: response.status,
    code: text(fields.code) ?? `http_${response.status}`,
    detail: text(fields.detail) ?? retryAdvice(response),
    field: text(fields.field),
  };
}

function titleOf(status: number): string {
  if (status === 401) return "You are not logged in.";
  if (status === 403) return "You may not do this.";
  if (status === 404) return "This does not exist any more.";
  if (status === 429) return "Too many attempts.";
  if (status >= 500) return `The server failed (${status}).`;
  return `The server refused the request (${status}).`;
}

function retryAdvice(response: Response): string | null {
  const seconds = Number(response.headers.get("retry-after"));
  return seconds > 0 ? `Try again in ${seconds} s.` : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function sentence(words: string): string {
  const trimmed = words.trim();
  const start = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
