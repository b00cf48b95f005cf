// The one door to the server.
//
// A caller may rely on this: a command is sent under one Idempotency-Key however often it has to be tried, so it
// happens once; a read may ask to see at least a position, and is tried again while the view is behind it;
// what the server refuses arrives as a Problem, and a server that cannot be reached as Unreachable.
// Nothing here touches the page: time, chance and the network are handed in.

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly traceId: string,
    readonly retryAfterMs: number | null,
    /** Every fault of a wrong body, each with the member it is about. */
    readonly faults: Fault[] = [],
    /** The whole body: some refusals carry more, such as what has changed meanwhile. */
    readonly said: Readonly<Record<string, unknown>> = {},
  ) {
    super(title);
  }
}

export interface Fault {
  pointer: string;
  detail: string;
}

export class Unreachable extends Error {}

export interface Outside {
  fetch(input: string, init: RequestInit): Promise<Response>;
  newKey(): string;
  /** Resolves after the time, or at once when the browser says that the network is back. */
  pause(ms: number): Promise<void>;
  now(): number;
}

export interface ReadOptions {
  atLeast?: string | undefined;
}

export interface CommandOptions {
  key?: string;
  method?: "POST" | "DELETE";
  /** The version the change was made from: where somebody was faster, the server refuses it. */
  ifMatch?: string;
  /** Told before each further try, so that the page can say that something waits for the network. */
  onRetry?: (cause: unknown) => void;
}

export interface Client {
  read<T>(path: string, query?: Record<string, string | undefined>, options?: ReadOptions): Promise<T>;
  /** A read whose question must not stand in an address, because it names a person. */
  ask<T>(path: string, question: unknown, options?: ReadOptions): Promise<T>;
  command<T>(path: string, body: unknown, options?: CommandOptions): Promise<T>;
}

const read_tries_max = 4;
const command_tries_max = 8;
const backoff_first_ms = 500;
const backoff_max_ms = 15_000;
const request_timeout_ms = 20_000;

export interface Listener {
  onReached(serverTime: number | null): void;
  onUnreachable(): void;
  onSignedOut(): void;
}

export function createClient(outside: Outside, listener: Listener): Client {
  async function once(path: string, init: RequestInit): Promise<Response> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), request_timeout_ms);
    try {
      const response = await outside.fetch(path, {
        ...init,
        signal: abort.signal,
        credentials: "same-origin",
        cache: "no-store",
      });
      const date = Date.parse(response.headers.get("Date") ?? "");
      listener.onReached(Number.isNaN(date) ? null : date);
      return response;
    } catch {
      listener.onUnreachable();
      throw new Unreachable();
    } finally {
      clearTimeout(timer);
    }
  }

  async function answer<T>(response: Response): Promise<T> {
    if (response.ok) return (response.status === 204 ? undefined : await body(response)) as T;
    const problem = await readProblem(response, outside.now());
    // A wrong sign-in link is a 401 too; only the session's own end is told, and the sign-in page knows the other.
    if (problem.status === 401) listener.onSignedOut();
    throw problem;
  }

  /** One function for both kinds, because they differ only in how long they go on trying. */
  async function persist<T>(
    path: string,
    init: RequestInit,
    triesMax: number,
    onRetry?: (cause: unknown) => void,
  ): Promise<T> {
    for (let tries = 1; ; ++tries) {
      try {
        return await answer<T>(await once(path, init));
      } catch (cause) {
        if (tries >= triesMax || !worthAnotherTry(cause)) throw cause;
        onRetry?.(cause);
        const backoff = Math.min(backoff_max_ms, backoff_first_ms * 2 ** (tries - 1));
        await outside.pause(cause instanceof Problem && cause.retryAfterMs !== null ? cause.retryAfterMs : backoff);
      }
    }
  }

  return {
    read(path, query = {}, options = {}) {
      return persist(withQuery(path, query), { method: "GET", headers: reading(options) }, options.atLeast ? read_tries_max : 1);
    },
    ask(path, question, options = {}) {
      const headers = { ...reading(options), "Content-Type": "application/json", "Parlance-Request": "page" };
      return persist(path, { method: "POST", headers, body: JSON.stringify(question) }, options.atLeast ? read_tries_max : 1);
    },
    command(path, payload, options = {}) {
      const method = options.method ?? "POST";
      const init: RequestInit = {
        method,
        headers: {
          Accept: "application/json",
          "Content-Type": "application/json",
          "Idempotency-Key": options.key ?? outside.newKey(),
          "Parlance-Request": "page",
          ...(options.ifMatch === undefined ? {} : { "If-Match": `"${options.ifMatch}"` }),
        },
      };
      if (method === "POST") init.body = JSON.stringify(payload);
      return persist(path, init, command_tries_max, options.onRetry);
    },
  };
}

function reading(options: ReadOptions): Record<string, string> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.atLeast) {
    headers["Parlance-At-Least"] = options.atLeast;
    headers.Prefer = "wait=2";
  }
  return headers;
}

export function worthAnotherTry(cause: unknown): boolean {
  if (cause instanceof Unreachable) return true;
  return cause instanceof Problem && (cause.status === 503 || cause.status === 429 || cause.status === 502 || cause.status === 504);
}

export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}

/** An answer that breaks off on the way is a server not reached: the outcome is unknown, a retry is safe. */
async function body(response: Response): Promise<unknown> {
  try {
    const text = await response.text();
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new Unreachable();
  }
}

async function readProblem(response: Response, now: number): Promise<Problem> {
  let said: unknown;
  try {
    said = await body(response);
  } catch {
    // A proxy's own page, or nothing: the status has to do.
  }
  return problemFrom(response.status, said, retryAfter(response.headers.get("Retry-After"), now));
}

export function problemFrom(status: number, body: unknown, retryAfterMs: number | null): Problem {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (member: string, otherwise: string) =>
    typeof said[member] === "string" && said[member] !== "" ? (said[member] as string) : otherwise;
  const faults = (Array.isArray(said.errors) ? said.errors : []).map((fault: Partial<Fault>) => ({
    pointer: String(fault?.pointer ?? ""), detail: String(fault?.detail ?? ""),
  }));
  return new Problem(
    status, text("code", ""), text("title", `HTTP ${status}`), text("detail", ""), text("trace_id", ""), retryAfterMs, faults, said);
}

/** Retry-After is seconds or a date. */
export function retryAfter(header: string | null, now: number): number | null {
  if (header === null || header.trim() === "") return null;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), backoff_max_ms);
}
