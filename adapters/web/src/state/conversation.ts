// The open conversation: its ticket and its whole timeline, oldest first.
//
// The timeline only grows, so a refresh reads the ticket and, where that has changed, the last page again. It is
// read from the start when personal text has been erased or has come back, which changes entries of any age.

import { signal, type ReadonlySignal } from "@preact/signals";
import { Problem, type Client } from "../api/client";
import type { Entry, Listing, Ticket } from "../api/types";
import type { Status } from "./list";

const page_size = 200;
/** What opening a conversation reads by itself; the rest of a longer one is asked for. */
const pages_at_once_max = 25;
/** Every so many refreshes the last page is read without a change of the ticket: delivery may have moved on. */
const quiet_rounds_max = 5;

export interface Conversation {
  readonly id: ReadonlySignal<string | null>;
  readonly ticket: ReadonlySignal<Ticket | null>;
  readonly entries: ReadonlySignal<Entry[]>;
  readonly status: ReadonlySignal<Status | "missing">;
  readonly problem: ReadonlySignal<unknown>;
  readonly hasMore: ReadonlySignal<boolean>;
  open(id: string | null): void;
  refresh(atLeast?: string): Promise<void>;
  /** Takes what the server has told by itself about the open conversation. */
  push(change: { ticket?: Ticket; items?: Entry[] }): void;
  /** Reads further pages of a very long timeline. */
  more(): Promise<void>;
}

export interface ConversationNeeds {
  client: Client;
  onTicket(ticket: Ticket): void;
  /** Entries that came while the conversation was open, not those it was opened with. */
  onArrived(entries: Entry[]): void;
}

export function createConversation(needs: ConversationNeeds): Conversation {
  const id = signal<string | null>(null);
  const ticket = signal<Ticket | null>(null);
  const entries = signal<Entry[]>([]);
  const status = signal<Status | "missing">("loading");
  const problem = signal<unknown>(null);
  const hasMore = signal(false);
  let turn = 0;
  let quiet = 0;
  // The ticket's version at the last complete read of the timeline.
  let timelineOf: string | null = null;
  // Something has changed entries that were read long ago: all are read again.
  let stale = false;
  let reading: Promise<unknown> = Promise.resolve();
  // The cursor that the last page was read with, and how many entries came before that page.
  let lastAfter: string | null = null;
  let lastStart = 0;

  const path = (of: string) => `/v1/conversations/${encodeURIComponent(of)}`;

  /** Reads on from the last page, that one included, for at most `pages` pages. */
  async function follow(of: string, asked: number, pages: number, atLeast?: string) {
    let all = entries.peek().slice(0, lastStart);
    let after = lastAfter;
    let more = true;
    for (let page = 0; more && page < pages; ++page) {
      const listing = await needs.client.read<Listing<Entry>>(
        `${path(of)}/timeline`, { limit: String(page_size), after: after ?? undefined }, { atLeast });
      if (asked !== turn) return;
      lastAfter = after;
      lastStart = all.length;
      all = all.concat(listing.data);
      more = listing.page.has_more && listing.page.next !== null;
      after = listing.page.next;
    }
    hasMore.value = more;
    show(all);
  }

  /** Keeps the object of an unchanged entry, so that only what changed is drawn again. */
  function show(all: Entry[]) {
    const before = new Map(entries.peek().map((entry) => [entry.id, entry]));
    const next = all.map((entry) => {
      const known = before.get(entry.id);
      return known !== undefined && JSON.stringify(known) === JSON.stringify(entry) ? known : entry;
    });
    if (next.length === entries.peek().length && next.every((entry, at) => entry === entries.peek()[at])) return;
    const arrived = status.peek() === "ready" ? next.filter((entry) => !before.has(entry.id)) : [];
    // A text destroyed by itself is gone from the entry it stood in, which may lie before what was read just now.
    if (lastStart > 0 && arrived.some((entry) => entry.kind === "redacted")) stale = true;
    entries.value = next;
    if (arrived.length > 0) needs.onArrived(arrived);
  }

  return {
    id, ticket, entries, status, problem, hasMore,
    open(wanted) {
      if (wanted === id.peek()) return;
      turn += 1;
      quiet = 0;
      stale = false;
      lastAfter = null;
      lastStart = 0;
      timelineOf = null;
      ticket.value = null;
      entries.value = [];
      hasMore.value = false;
      problem.value = null;
      status.value = "loading";
      id.value = wanted;
    },
    refresh(atLeast) {
      // One after the other: the answer of an earlier read must not replace that of a later one.
      const run = reading.then(async () => {
        // Again at once, but once: where it is overtaken again, the next turn of the poll reads all that may lack.
        if (!(await refreshNow(atLeast))) await refreshNow(atLeast);
      });
      reading = run.catch(() => undefined);
      return run;
    },
    push({ ticket: told, items }) {
      if (told === undefined || told.id !== id.peek()) return;
      // What is being read may be older than this, and of a timeline read in part the end is not here.
      if (status.peek() !== "ready" || hasMore.peek()) return void this.refresh().catch(() => undefined);
      if (BigInt(told.version) < BigInt(ticket.peek()?.version ?? "0")) return;
      // What changes entries that are here already is read as a whole.
      if (items === undefined || told.personal !== ticket.peek()?.personal || items.some((item) => item.kind === "redacted")) {
        stale = true;
        return void this.refresh().catch(() => undefined);
      }
      const changed = new Map(items.map((item) => [item.id, item]));
      const known = entries.peek().map((entry) => changed.get(entry.id) ?? entry);
      const there = new Set(known.map((entry) => entry.id));
      ticket.value = { ...ticket.peek(), ...told };
      show([...known, ...items.filter((item) => !there.has(item.id))]);
      timelineOf = told.version;
      needs.onTicket(ticket.value);
    },
    async more() {
      const of = id.peek();
      if (of !== null) await follow(of, turn, pages_at_once_max + 1);
    },
  };

  /** Whether something newer was told while this was read. Then this may lack what was told, and that what this has. */
  function overtaken(read: Ticket) {
    const late = BigInt(read.version) < BigInt(ticket.peek()?.version ?? "0");
    if (late) timelineOf = null;
    return late;
  }

  /** False where it was overtaken. */
  async function refreshNow(atLeast?: string): Promise<boolean> {
    const of = id.peek();
    if (of === null) return true;
    const asked = turn;
    try {
      const before = ticket.peek();
      const now = await needs.client.read<Ticket>(path(of), {}, { atLeast });
      if (asked !== turn) return true;
      if (overtaken(now)) return false;
      if (before === null || JSON.stringify(before) !== JSON.stringify(now)) ticket.value = now;
      const again = stale || before?.personal !== now.personal;
      if (again) {
        lastAfter = null;
        lastStart = 0;
        stale = false;
      }
      const changed = timelineOf !== now.version || again;
      quiet = changed ? 0 : quiet + 1;
      if (changed || atLeast !== undefined || quiet % quiet_rounds_max === 0)
        await follow(of, asked, hasMore.peek() ? 1 : pages_at_once_max, atLeast);
      if (asked !== turn) return true;
      if (overtaken(now)) return false;
      timelineOf = now.version;
      status.value = "ready";
      problem.value = null;
      needs.onTicket(now);
      return true;
    } catch (cause) {
      if (asked === turn) {
        problem.value = cause;
        if (cause instanceof Problem && cause.status === 404) status.value = "missing";
        else if (status.peek() === "loading") status.value = "failed";
      }
      throw cause;
    }
  }
}
