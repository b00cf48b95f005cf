// Where the page is, as the fragment of its address says. Everything that can be looked at has an address:
//   #/conversations                         the list, with ?state= &queue= &assignee= &q= &sort= where they are not the default
//   #/conversations/cnv_...                 one conversation, beside the same list; &at=12 as of that version, &tab=note
//   #/reports                               the desk's figures, with ?by= &tz=; &list=resolved &key=que_... what is behind one
//   #/settings/queues                       a page of settings
//   #/sign-in/TOKEN                         a sign-in link (the token never leaves the browser in a request line)

import { signal, type ReadonlySignal } from "@preact/signals";
import { formatTerms, isPrivate, parseTerms } from "./query";

export const scopes = ["active", "open", "waiting", "snoozed", "resolved", "closed", "all"] as const;
export type Scope = (typeof scopes)[number];

/** Empty is the order of the scope: what is to be done in working order, what is over by its latest change. */
export const sorts = ["", "working_order", "newest", "oldest", "updated"] as const;
export type Sort = (typeof sorts)[number];

export interface Filter {
  scope: Scope;
  queue: string;
  assignee: string;
  /** Further terms; see query.ts. */
  q: string;
  sort: Sort;
}

export type Tab = "reply" | "note";

/** What is looked at inside a conversation. */
export interface Look {
  /** The version it is shown at; null is now. */
  at: string | null;
  tab: Tab;
}

export const groupings = ["queue", "channel", "language", "agent"] as const;
export type Grouping = (typeof groupings)[number];

export type Route =
  | { page: "conversations"; id: string | null; filter: Filter; look: Look }
  | { page: "reports"; by: Grouping; zone: string; list: string; key: string }
  | { page: "settings"; section: string }
  | { page: "sign-in"; token: string };

export const everything: Filter = { scope: "active", queue: "", assignee: "", q: "", sort: "" };
export const now: Look = { at: null, tab: "reply" };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "").map(unescape_);
  const words = new URLSearchParams(query);
  const one = <T extends string>(name: string, choices: readonly T[], otherwise: T) =>
    choices.includes(words.get(name) as T) ? (words.get(name) as T) : otherwise;
  switch (parts[0]) {
    case "sign-in": return { page: "sign-in", token: parts[1] ?? "" };
    case "reports": return { page: "reports", by: one("by", groupings, "queue"), zone: words.get("tz") ?? "", list: words.get("list") ?? "", key: words.get("key") ?? "" };
    case "settings": return { page: "settings", section: parts[1] ?? "" };
    default:
      return {
        page: "conversations",
        id: parts[0] === "conversations" ? (parts[1] ?? null) : null,
        filter: {
          scope: one("state", scopes, everything.scope), queue: words.get("queue") ?? "", assignee: words.get("assignee") ?? "",
          q: words.get("q") ?? "", sort: one("sort", sorts, everything.sort),
        },
        look: { at: /^[0-9]{1,19}$/.test(words.get("at") ?? "") ? words.get("at") : null, tab: one<Tab>("tab", ["reply", "note"], now.tab) },
      };
  }
}

export function formatRoute(id: string | null, filter: Filter, look: Look = now): string {
  const words = new URLSearchParams();
  if (filter.scope !== everything.scope) words.set("state", filter.scope);
  if (filter.queue) words.set("queue", filter.queue);
  if (filter.assignee) words.set("assignee", filter.assignee);
  // An address is kept in the browser's history: a term that names a person does not stand in it.
  const q = formatTerms(parseTerms(filter.q).filter((term) => !isPrivate(term)));
  if (q) words.set("q", q);
  if (filter.sort) words.set("sort", filter.sort);
  if (id !== null && look.at !== null) words.set("at", look.at);
  if (id !== null && look.tab !== now.tab) words.set("tab", look.tab);
  const query = words.toString();
  return `#/conversations${id === null ? "" : `/${encodeURIComponent(id)}`}${query === "" ? "" : `?${query}`}`;
}

/** `list`: the figure whose conversations are listed; `key`: of one row, or of all. */
export function formatReports(by: Grouping, zone: string, list = "", key = ""): string {
  const words = new URLSearchParams();
  if (by !== "queue") words.set("by", by);
  if (zone) words.set("tz", zone);
  if (list) words.set("list", list);
  if (list && key) words.set("key", key);
  const query = words.toString();
  return `#/reports${query === "" ? "" : `?${query}`}`;
}

export function sameFilter(a: Filter, b: Filter): boolean {
  return a.scope === b.scope && a.queue === b.queue && a.assignee === b.assignee && a.q === b.q && a.sort === b.sort;
}

export interface Router {
  readonly route: ReadonlySignal<Route>;
  go(address: string): void;
  /** Like go, but Back does not lead to where we were. */
  replace(address: string): void;
}

export function createRouter(page: Window): Router {
  const route = signal(parseRoute(page.location.hash));
  const read = () => (route.value = parseRoute(page.location.hash));
  page.addEventListener("hashchange", read);
  page.addEventListener("popstate", read);
  return {
    route,
    go(address) {
      if (page.location.hash !== address) page.history.pushState(null, "", address);
      read();
    },
    replace(address) {
      page.history.replaceState(null, "", address);
      read();
    },
  };
}

function unescape_(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
