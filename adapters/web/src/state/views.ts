// Views: filters with a name, those every page has and those agents have saved, each with how many conversations it
// finds. The counts are told by the server while it is being listened to, and asked for otherwise.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/client";
import { Problem } from "../api/client";
import type { SavedView } from "../api/types";
import { t } from "../text/catalogue";
import { queryOf } from "./list";
import type { Live, Subscription } from "./live";
import { isPrivate, parseTerms } from "./query";
import { everything, sorts, type Filter, type Sort } from "./route";

export type ViewIcon = "inbox" | "person" | "hand" | "moon" | "checks" | "stack" | "bookmark";

export interface View {
  id: string;
  name: string;
  icon: ViewIcon;
  filter: Filter;
  /** Whether how many there are is worth knowing: what is over only ever grows. */
  counted: boolean;
  saved: SavedView | null;
}

export const standing: readonly View[] = [
  { id: "inbox", name: t.rail.inbox, icon: "inbox", filter: everything, counted: true, saved: null },
  { id: "mine", name: t.rail.mine, icon: "person", filter: { ...everything, assignee: "me" }, counted: true, saved: null },
  { id: "unassigned", name: t.rail.unassigned, icon: "hand", filter: { ...everything, scope: "open", assignee: "none" }, counted: true, saved: null },
  { id: "snoozed", name: t.rail.snoozed, icon: "moon", filter: { ...everything, scope: "snoozed" }, counted: true, saved: null },
  { id: "resolved", name: t.rail.resolved, icon: "checks", filter: { ...everything, scope: "resolved" }, counted: false, saved: null },
  { id: "all", name: t.rail.all, icon: "stack", filter: { ...everything, scope: "all" }, counted: false, saved: null },
];

export interface Views {
  readonly all: ReadonlySignal<readonly View[]>;
  readonly counts: ReadonlySignal<ReadonlyMap<string, number>>;
  /** False where the server keeps no views. */
  readonly canSave: ReadonlySignal<boolean>;
  refresh(atLeast?: string): Promise<void>;
  count(): Promise<void>;
  save(name: string, filter: Filter, shared: boolean): Promise<void>;
  rename(view: SavedView, name: string, shared: boolean): Promise<void>;
  remove(view: SavedView): Promise<void>;
  listen(live: Live): void;
  /** Whether the server tells the counts by itself. */
  told(): boolean;
  deaf(): void;
  clear(): void;
}

/** A saved view keeps its whole query, states and all, so its scope is every state. */
const filterOf = (view: SavedView): Filter =>
  ({ ...everything, scope: "all", q: view.q, sort: sorts.includes(view.sort as Sort) ? (view.sort as Sort) : "working_order" });

export function createViews(client: Client): Views {
  const saved = signal<readonly SavedView[]>([]);
  const counts = signal<ReadonlyMap<string, number>>(new Map());
  const canSave = signal(false);
  let countable = true;
  let listening: { live: Live; told: Subscription | null; of: string } | null = null;

  const all = computed<readonly View[]>(() => [
    ...standing,
    ...saved.value.map((view): View => ({ id: view.id, name: view.name, icon: "bookmark", filter: filterOf(view), counted: true, saved: view })),
  ]);
  // Names of people are not asked for in an address, and a count is no reason to make an exception.
  const counted = () => all.peek().filter((view) => view.counted && !parseTerms(view.filter.q).some(isPrivate));

  function learn(told: Record<string, unknown>) {
    const next = new Map(counts.peek());
    for (const [id, value] of Object.entries(told)) if (typeof value === "number") next.set(id, value);
    if (JSON.stringify([...next]) !== JSON.stringify([...counts.peek()])) counts.value = next;
  }

  function subscribe() {
    if (listening === null) return;
    const views = counted().map((view) => ({ name: view.id, q: queryOf(view.filter) }));
    const of = JSON.stringify(views);
    if (of === listening.of) return;
    listening.told?.stop();
    listening.of = of;
    listening.told = listening.live.subscribe({ what: "counts", views }, (_, data) => {
      const told = (data as { counts?: unknown } | null)?.counts ?? data;
      if (typeof told === "object" && told !== null) learn(told as Record<string, unknown>);
    });
  }

  const views: Views = {
    all, counts, canSave,
    async refresh(atLeast) {
      try {
        const listing = await client.read<{ data: SavedView[] }>("/v1/views", {}, { atLeast });
        if (JSON.stringify(listing.data) !== JSON.stringify(saved.peek())) saved.value = listing.data;
        canSave.value = true;
      } catch (cause) {
        if (!(cause instanceof Problem && cause.status === 404)) throw cause;
        canSave.value = false;
      }
      subscribe();
    },
    async count() {
      if (!countable) return;
      const asked = counted();
      const words = new URLSearchParams(asked.map((view) => ["q", queryOf(view.filter)]));
      try {
        const listing = await client.read<{ data: { q: string; count: number }[] }>(`/v1/conversations/counts?${words}`);
        learn(Object.fromEntries(asked.map((view, at) => [view.id, listing.data[at]?.count])));
      } catch (cause) {
        // A server without counts says so once; the views work without them.
        if (!(cause instanceof Problem && cause.status >= 400 && cause.status < 500)) throw cause;
        if (cause.status === 404 || cause.status === 405) countable = false;
      }
    },
    async save(name, filter, shared) {
      const done = await client.command<{ position?: string }>("/v1/views", { name, q: queryOf(filter), sort: filter.sort || "working_order", shared });
      await views.refresh(done?.position);
      void views.count().catch(() => undefined);
    },
    async rename(view, name, shared) {
      const done = await client.command<{ position?: string }>(`/v1/views/${encodeURIComponent(view.id)}`, { name, q: view.q, sort: view.sort ?? "working_order", shared });
      await views.refresh(done?.position);
    },
    async remove(view) {
      const done = await client.command<{ position?: string } | undefined>(`/v1/views/${encodeURIComponent(view.id)}`, undefined, { method: "DELETE" });
      saved.value = saved.peek().filter((one) => one.id !== view.id);
      await views.refresh(done?.position);
    },
    listen(live) {
      listening = { live, told: null, of: "" };
      subscribe();
    },
    told: () => listening?.told?.on.peek() === true,
    deaf() {
      listening?.told?.stop();
      listening = null;
    },
    clear() {
      saved.value = [];
      counts.value = new Map();
      countable = true;
    },
  };
  return views;
}
