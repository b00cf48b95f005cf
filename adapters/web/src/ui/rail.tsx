// The views an agent comes back to all day, one press away. Each is nothing but a filter with a name.

import { useApp } from "../app";
import type { Session } from "../api/types";
import { everything, formatRoute, sameFilter, type Filter } from "../state/route";
import { t } from "../text/catalogue";
import { Icon, Mark, type IconName } from "./icons";
import { Avatar } from "./parts";

/** One pane at a time; the style sheet knows the same width. */
export const one_pane = "(max-width: 899px)";

export const views: { name: string; icon: IconName; filter: Filter }[] = [
  { name: t.rail.inbox, icon: "inbox", filter: everything },
  { name: t.rail.mine, icon: "person", filter: { scope: "active", queue: "", assignee: "me" } },
  { name: t.rail.unassigned, icon: "hand", filter: { scope: "open", queue: "", assignee: "none" } },
  { name: t.rail.snoozed, icon: "moon", filter: { scope: "snoozed", queue: "", assignee: "" } },
  { name: t.rail.resolved, icon: "checks", filter: { scope: "resolved", queue: "", assignee: "" } },
  { name: t.rail.all, icon: "stack", filter: { scope: "all", queue: "", assignee: "" } },
];

/** The view whose filter is in use, the choice of queue aside. */
export const viewOf = (filter: Filter) => views.find((view) => sameFilter(view.filter, { ...filter, queue: "" }));

export function Rail(props: { session: Session }) {
  const app = useApp();
  const current = viewOf(app.filter.value);
  const waiting = app.queues.value.reduce((sum, queue) => sum + queue.waiting, 0);
  const { principal, workspace } = props.session;

  return (
    <nav class="rail" aria-label={t.rail.label}>
      <span class="rail-mark" title={t.rail.workspace(workspace.name)}><Mark /></span>
      <ul>
        {views.map((view) => (
          <li key={view.name}>
            <a
              href={formatRoute(null, view.filter)} title={view.name}
              aria-current={view === current ? "page" : undefined}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                // Where the list has room beside it, the open conversation stays.
                if (window.matchMedia(one_pane).matches) return;
                event.preventDefault();
                app.filterBy(view.filter);
              }}
            >
              <Icon name={view.icon} />
              <span class="rail-label">{view.name}</span>
              {view.icon === "hand" && waiting > 0 && (
                <span class="badge"><span aria-hidden="true">{waiting > 99 ? "99+" : waiting}</span><span class="hidden">{t.rail.badge(waiting)}</span></span>
              )}
            </a>
          </li>
        ))}
      </ul>
      <div class="rail-foot">
        <button type="button" title={`${t.rail.shortcuts} (?)`} aria-label={t.rail.shortcuts} onClick={() => (app.dialog.value = "shortcuts")}>
          <Icon name="keyboard" />
        </button>
        <button type="button" id="sign-out" title={t.rail.signOut} aria-label={t.rail.signOut} onClick={() => void app.signOut()}>
          <Icon name="exit" />
        </button>
        <span class="rail-who" title={t.rail.account(principal.name)}>
          <Avatar id={principal.id} name={principal.name} size="small" />
          <span class="hidden">{t.rail.account(principal.name)}</span>
        </span>
      </div>
    </nav>
  );
}
