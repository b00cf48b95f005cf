// The views an agent comes back to all day, one press away, each with how many wait in it; below them the desk's
// figures, the settings, and what concerns the agent.

import { useApp } from "../app";
import type { Presence, Session } from "../api/types";
import { formatReports, formatRoute, sameFilter, type Filter } from "../state/route";
import type { View } from "../state/views";
import type { Theme } from "../state/settings";
import { t } from "../text/catalogue";
import { show } from "./commands";
import { Icon, Mark } from "./icons";
import { Menu, type MenuItem } from "./menu";
import { Avatar } from "./parts";

/** One pane at a time; the style sheet knows the same width. */
export const one_pane = "(max-width: 899px)";

/** The view whose filter is in use, the choice of queue and order aside. */
export const viewOf = (views: readonly View[], filter: Filter) =>
  views.find((view) => sameFilter(view.filter, { ...filter, sort: view.filter.sort, queue: view.filter.queue }));

const presences: readonly Presence[] = ["online", "away", "offline"];
const themes: readonly Theme[] = ["system", "light", "dark"];

export function Rail(props: { session: Session }) {
  const app = useApp();
  const views = app.views.all.value;
  const page = app.router.route.value.page;
  const current = page === "conversations" ? viewOf(views, app.filter.value) : undefined;
  const { workspace } = props.session;

  return (
    <nav class="rail" id="rail" aria-label={t.rail.label}>
      <span class="rail-mark" title={t.rail.workspace(workspace.name)}><Mark /></span>
      <ul>
        {views.map((view) => <ViewLink key={view.id} view={view} current={view === current} />)}
      </ul>
      <ul class="rail-pages">
        <li><a href={formatReports("queue", "")} title={t.rail.reports} aria-current={page === "reports" ? "page" : undefined}><Icon name="chart" /><span class="rail-label">{t.rail.reports}</span></a></li>
        <li><a href="#/settings" title={t.rail.settings} aria-current={page === "settings" ? "page" : undefined}><Icon name="sliders" /><span class="rail-label">{t.rail.settings}</span></a></li>
      </ul>
      <div class="rail-foot"><MeMenu session={props.session} /></div>
    </nav>
  );
}

function ViewLink(props: { view: View; current: boolean }) {
  const app = useApp();
  const { view } = props;
  const count = app.views.counts.value.get(view.id);
  return (
    <li>
      <a
        href={formatRoute(null, view.filter)} title={view.name} aria-current={props.current ? "page" : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          // Where the list has room beside it, the open conversation stays.
          if (window.matchMedia(one_pane).matches) app.open(null);
          app.filterBy(view.filter);
        }}
      >
        <Icon name={view.icon} />
        <span class="rail-label" dir="auto">{view.name}</span>
        {count !== undefined && count > 0 && (
          <span class={`badge badge-${view.id}`}><span aria-hidden="true">{count > 999 ? "999+" : count}</span><span class="hidden">{t.rail.count(count)}</span></span>
        )}
      </a>
    </li>
  );
}

function MeMenu(props: { session: Session }) {
  const app = useApp();
  const { principal } = props.session;
  const presence = app.myself.value?.presence;
  const items = (): MenuItem[] => [
    ...(presence === undefined ? [] : presences.map((one, at): MenuItem => ({
      label: t.presence.names[one], checked: one === presence, run: () => app.setPresence(one), ...(at === 0 ? { heading: t.presence.label } : {}),
    }))),
    ...themes.map((theme, at): MenuItem => ({
      label: t.themes[theme], checked: app.settings.theme.peek() === theme, run: () => void (app.settings.theme.value = theme), ...(at === 0 ? { heading: t.themes.label } : {}),
    })),
    { label: t.rail.preferences, icon: "sliders", heading: principal.name, run: () => app.router.go("#/settings/preferences") },
    { label: t.commands.palette, icon: "search", aside: t.keys.palette, run: () => show(app, "palette") },
    { label: t.rail.shortcuts, icon: "keyboard", aside: "?", run: () => show(app, "shortcuts") },
    { label: t.rail.signOut, icon: "exit", run: () => void app.signOut() },
  ];
  const label = presence === undefined ? t.rail.account(principal.name) : `${t.rail.account(principal.name)}, ${t.presence.names[presence]}`;
  return (
    <Menu
      id="me" class="me" label={label} icon="person" iconOnly items={items}
      face={<span class="me-face"><Avatar id={principal.id} name={principal.name} />{presence !== undefined && <span class={`presence presence-${presence}`} />}</span>}
    />
  );
}
