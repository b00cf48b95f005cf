// The conversations of one filter, kept fresh without moving a row somebody may be about to click.
//
// What a row says changes in place at once. Which rows there are, and their order, changes only when nobody is at
// the list (`held()` is false), or when the agent asks for it through the "3 new" pill; until then `news` counts.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Client } from "../api/client";
import type { Listing, Ticket } from "../api/types";
import { isPrivate, joinTerms, parseTerms, quote } from "./query";
import { sameFilter, type Filter } from "./route";

/** The longest page the server gives, and with it the part of a long list that each refresh covers. */
export const refreshed_max = 200;
const page_size = 50;
const further_size = 200;
const nothing: ReadonlySet<string> = new Set();

export type Status = "loading" | "ready" | "failed";

export interface TicketList {
  readonly order: ReadonlySignal<string[]>;
  readonly status: ReadonlySignal<Status>;
  readonly problem: ReadonlySignal<unknown>;
  /** Conversations that wait behind the pill. */
  readonly news: ReadonlySignal<number>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** Rows shown that no longer belong to this filter. */
  readonly gone: ReadonlySignal<ReadonlySet<string>>;
  ticket(id: string): Signal<Ticket> | undefined;
  /** Takes a ticket read elsewhere, so that the row says the same as the open conversation. */
  learn(ticket: Ticket): void;
  show(filter: Filter): void;
  refresh(atLeast?: string): Promise<void>;
  /** Takes what the server has told by itself about this filter; false where rows belong here that only a read can bring. */
  push(change: ListChange): boolean;
  more(): Promise<void>;
  apply(): void;
  /** Forgets everything, as after signing out. */
  clear(): void;
}

export interface ListChange {
  upserts?: Ticket[];
  removes?: string[];
  /** The first of them, at most `refreshed_max`, in order. */
  order?: string[];
  /** There are more than those. */
  has_more?: boolean;
}

export function createTicketList(client: Client, held: () => boolean): TicketList {
  const tickets = new Map<string, Signal<Ticket>>();
  const order = signal<string[]>([]);
  const fresh = signal<string[]>([]);
  const status = signal<Status>("loading");
  const problem = signal<unknown>(null);
  const hasMore = signal(false);
  const complete = signal(false);
  let next: string | null = null;
  let filter: Filter | null = null;
  let turn = 0;
  let asks = 0;
  let answered = 0;
  let loadingMore = false;

  const news = computed(() => {
    const shown = new Set(order.value);
    return fresh.value.reduce((count, id) => count + (shown.has(id) ? 0 : 1), 0);
  });
  const gone = computed<ReadonlySet<string>>(() => {
    if (!complete.value || fresh.value === order.value) return nothing;
    const left = new Set(fresh.value);
    const missing = order.value.filter((id) => !left.has(id));
    return missing.length === 0 ? nothing : new Set(missing);
  });

  /** A refresh that changes nothing leaves the very same array, and nothing is drawn. */
  function setFresh(ids: string[]) {
    const before = fresh.peek();
    if (ids.length !== before.length || ids.some((id, at) => id !== before[at])) fresh.value = ids;
  }

  function keep(ticket: Ticket) {
    const known = tickets.get(ticket.id);
    if (known === undefined) tickets.set(ticket.id, signal(ticket));
    else if (JSON.stringify(known.peek()) !== JSON.stringify(ticket)) known.value = ticket;
  }

  function apply() {
    order.value = fresh.value;
    const shown = new Set(order.value);
    for (const id of tickets.keys()) if (!shown.has(id)) tickets.delete(id);
  }

  function clear() {
    filter = null;
    next = null;
    turn += 1;
    tickets.clear();
    order.value = [];
    fresh.value = [];
    hasMore.value = false;
    complete.value = false;
    problem.value = null;
    status.value = "loading";
  }

  /** Only what changed of the first part; what lies beyond it stays as it was read. */
  function setFirst(first: string[], whole: boolean) {
    if (whole) {
      setFresh(first);
      complete.value = true;
      return;
    }
    const known = new Set(first);
    setFresh([...first, ...order.peek().filter((id, at) => at >= refreshed_max && !known.has(id))]);
    complete.value = false;
  }

  return {
    order, status, problem, news, hasMore, gone, apply,
    ticket: (id) => tickets.get(id),
    learn(ticket) {
      if (tickets.has(ticket.id)) keep(ticket);
    },
    clear,
    show(wanted) {
      if (filter !== null && sameFilter(filter, wanted)) return;
      clear();
      filter = wanted;
    },
    async refresh(atLeast) {
      if (filter === null) return;
      const asked = turn;
      const wanted = filter;
      const ask = ++asks;
      try {
        const limit = Math.min(refreshed_max, Math.max(page_size, order.peek().length));
        const listing = await readTickets(client, wanted, limit, null, atLeast);
        // Of two reads at once the one asked later is right, in whichever order they are answered.
        if (asked !== turn || ask < answered) return;
        answered = ask;
        listing.data.forEach(keep);
        const first = listing.data.map((ticket) => ticket.id);
        if (order.peek().length > refreshed_max && listing.page.has_more) {
          setFirst(first, false);
        } else {
          setFresh(first);
          complete.value = !listing.page.has_more;
          next = listing.page.next;
          hasMore.value = listing.page.has_more;
        }
        problem.value = null;
        if (status.peek() !== "ready" || order.peek().length === 0 || !held()) apply();
        status.value = "ready";
      } catch (cause) {
        if (asked === turn) {
          problem.value = cause;
          if (status.peek() === "loading") status.value = "failed";
        }
        throw cause;
      }
    },
    push(change) {
      // Before the first read there is nothing that could change; and what is being read may be older than this.
      if (status.peek() !== "ready") return false;
      // What the server tells is newer than whatever was asked for before.
      answered = ++asks;
      change.upserts?.forEach(keep);
      if (change.order === undefined) return true;
      // Rows beyond the last one shown are not new: they come with the scrolling.
      const shown = new Set(order.peek());
      const last = change.order.reduce((found, id, at) => (shown.has(id) ? at : found), -1);
      const covered = hasMore.peek() || (change.has_more ?? change.order.length >= page_size) ? Math.max(page_size, last + 1) : change.order.length;
      const wanted = change.order.slice(0, covered);
      const first = wanted.filter((id) => tickets.has(id));
      if (first.length < change.order.length) hasMore.value = true;
      setFirst(first, first.length === change.order.length && !hasMore.peek());
      if (order.peek().length === 0 || !held()) apply();
      return first.length === wanted.length;
    },
    async more() {
      if (filter === null || next === null || loadingMore) return;
      loadingMore = true;
      const asked = turn;
      try {
        const listing = await readTickets(client, filter, further_size, next);
        if (asked !== turn) return;
        listing.data.forEach(keep);
        const append = (ids: string[]) => [...new Set([...ids, ...listing.data.map((ticket) => ticket.id)])];
        order.value = append(order.peek());
        fresh.value = append(fresh.peek());
        next = listing.page.next;
        hasMore.value = listing.page.has_more;
      } finally {
        loadingMore = false;
      }
    },
  };
}

const of_scope: Record<Filter["scope"], string> = {
  active: "new,open,waiting_customer,waiting_third_party,snoozed", open: "new,open", waiting: "waiting_customer,waiting_third_party",
  snoozed: "snoozed", resolved: "resolved", closed: "closed", all: "",
};

/** The active ones come in working order; whatever is over comes latest change first. */
export function sortOf(filter: Filter): string {
  if (filter.sort !== "") return filter.sort;
  return filter.scope === "resolved" || filter.scope === "closed" || filter.scope === "all" ? "updated" : "working_order";
}

/** The whole filter in the server's grammar. A state the agent has typed stands in place of the chosen one. */
export function queryOf(filter: Filter): string {
  const typed = parseTerms(filter.q).some((term) => term.key === "state" || (term.key === "is" && term.value === "spam"));
  return joinTerms(
    typed || of_scope[filter.scope] === "" ? "" : `state:${of_scope[filter.scope]}`,
    filter.queue === "" ? "" : `queue:${quote(filter.queue)}`,
    filter.assignee === "" ? "" : `assignee:${quote(filter.assignee)}`,
    filter.q,
  );
}

/** The same as parameters, where there are no further terms. */
export function parametersOf(filter: Filter): Record<string, string | undefined> {
  const sort = sortOf(filter);
  return {
    state: filter.scope === "active" && sort === "working_order" ? undefined : of_scope[filter.scope] || undefined,
    sort: sort === "working_order" ? undefined : sort,
    queue: filter.queue || undefined,
    assignee: filter.assignee || undefined,
  };
}

function readTickets(client: Client, filter: Filter, limit: number, after: string | null, atLeast?: string) {
  if (filter.q === "") {
    return client.read<Listing<Ticket>>("/v1/conversations", { ...parametersOf(filter), limit: String(limit), after: after ?? undefined }, { atLeast });
  }
  const q = queryOf(filter);
  const sort = sortOf(filter);
  if (parseTerms(q).some(isPrivate))
    return client.ask<Listing<Ticket>>("/v1/conversations/search", { q, sort, limit, ...(after === null ? {} : { after }) }, { atLeast });
  return client.read<Listing<Ticket>>("/v1/conversations", { q, sort, limit: String(limit), after: after ?? undefined }, { atLeast });
}
