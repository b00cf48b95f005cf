// Where the page is, as the fragment of its address says. Everything that can be looked at has an address:
//   #/conversations                         the list, with ?state= &queue= &assignee= where they are not the default
//   #/conversations/cnv_...                 one conversation, beside the same list
//   #/sign-in/TOKEN                         a sign-in link (the token never leaves the browser in a request line)

import { signal, type ReadonlySignal } from "@preact/signals";

export const scopes = ["active", "open", "waiting", "snoozed", "resolved", "closed", "all"] as const;
export type Scope = (typeof scopes)[number];

export interface Filter {
  scope: Scope;
  queue: string;
  assignee: string;
}

export type Route =
  | { page: "conversations"; id: string | null; filter: Filter }
  | { page: "sign-in"; token: string };

export const everything: Filter = { scope: "active", queue: "", assignee: "" };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "").map(unescape_);
  if (parts[0] === "sign-in") return { page: "sign-in", token: parts[1] ?? "" };
  const words = new URLSearchParams(query);
  const scope = words.get("state") as Scope;
  return {
    page: "conversations",
    id: parts[0] === "conversations" ? (parts[1] ?? null) : null,
    filter: {
      scope: scopes.includes(scope) ? scope : everything.scope,
      queue: words.get("queue") ?? "",
      assignee: words.get("assignee") ?? "",
    },
  };
}

export function formatRoute(id: string | null, filter: Filter): string {
  const words = new URLSearchParams();
  if (filter.scope !== everything.scope) words.set("state", filter.scope);
  if (filter.queue) words.set("queue", filter.queue);
  if (filter.assignee) words.set("assignee", filter.assignee);
  const query = words.toString();
  return `#/conversations${id === null ? "" : `/${encodeURIComponent(id)}`}${query === "" ? "" : `?${query}`}`;
}

export function sameFilter(a: Filter, b: Filter): boolean {
  return a.scope === b.scope && a.queue === b.queue && a.assignee === b.assignee;
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
