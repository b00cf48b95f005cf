// The open conversation as it was at one of its versions: its ticket and timeline as the server folds them up to
// there. Empty while the present is shown.

import { effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/client";
import type { Entry, Listing, Ticket } from "../api/types";

const page_size = 200;
const pages_max = 25;
/** Whoever drags the slider passes many versions; only where it rests is read. */
const rest_ms = 120;

export interface Past {
  at: string;
  ticket: Ticket | null;
  entries: Entry[];
}

export interface History {
  /** What is shown in place of the present; the last version read while the next is on its way. */
  readonly past: ReadonlySignal<Past | null>;
  readonly loading: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<unknown>;
}

export interface HistoryNeeds {
  client: Client;
  /** Which conversation is looked at as of which version; null is the present. */
  wanted: ReadonlySignal<{ id: string; at: string } | null>;
  setTimeout(run: () => void, ms: number): number;
  clearTimeout(timer: number | undefined): void;
}

export function createHistory(needs: HistoryNeeds): History {
  const past = signal<Past | null>(null);
  const loading = signal(false);
  const problem = signal<unknown>(null);
  let turn = 0;
  let timer: number | undefined;
  let of: string | null = null;

  async function read(id: string, at: string, asked: number) {
    try {
      const path = `/v1/conversations/${encodeURIComponent(id)}`;
      const ticket = await needs.client.read<Ticket>(path, { at_version: at });
      const entries: Entry[] = [];
      let after: string | undefined;
      for (let page = 0; page < pages_max; ++page) {
        const listing: Listing<Entry> = await needs.client.read(`${path}/timeline`, { at_version: at, limit: String(page_size), after });
        entries.push(...listing.data);
        if (!listing.page.has_more || listing.page.next === null) break;
        after = listing.page.next;
      }
      if (asked !== turn) return;
      past.value = { at, ticket, entries };
      problem.value = null;
    } catch (cause) {
      if (asked === turn) problem.value = cause;
    }
    if (asked === turn) loading.value = false;
  }

  effect(() => {
    const wanted = needs.wanted.value;
    const asked = ++turn;
    needs.clearTimeout(timer);
    if (wanted === null) {
      past.value = null;
      loading.value = false;
      problem.value = null;
      of = null;
      return;
    }
    // Of another conversation's past nothing is shown.
    if (of !== wanted.id) past.value = null;
    const first = of === null;
    of = wanted.id;
    loading.value = true;
    timer = needs.setTimeout(() => void read(wanted.id, wanted.at, asked), first ? 0 : rest_ms);
  });

  return { past, loading, problem };
}
