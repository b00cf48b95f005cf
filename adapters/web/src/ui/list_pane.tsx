// The list of conversations with its filters. Rows say at once what changes in them; they move only when nobody is
// at the list (see state/list.ts), and a pill says what waits. Of a long list only the rows near the window exist.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { everything, sameFilter, scopes, sorts, type Scope, type Sort } from "../state/route";
import { sortOf } from "../state/list";
import { t } from "../text/catalogue";
import { FindBar } from "./find_bar";
import { Icon } from "./icons";
import { Row } from "./list_row";
import { Offers } from "./offers";
import { Empty } from "./parts";
import { viewOf } from "./rail";
import { rowWindow } from "./rows";
import { SelectionBar } from "./selection_bar";
import { Skeleton } from "./skeleton";
import { Trouble } from "./trouble";

export function ListPane() {
  const app = useApp();
  const { list } = app;
  const filter = app.filter.value;
  const scroller = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const view = viewOf(app.views.all.value, filter);

  useEffect(() => {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void list.more().catch(() => undefined);
    }, { root: scroller.current, rootMargin: "1200px" });
    if (end.current !== null) seen.observe(end.current);
    return () => seen.disconnect();
  }, [list.hasMore.value, list.order.value.length]);

  useEffect(() => {
    if (scroller.current !== null) scroller.current.scrollTop = 0;
    app.atList.scrolled = false;
  }, [filter]);

  function showNews() {
    list.apply();
    scroller.current?.scrollTo({ top: 0 });
    app.atList.scrolled = false;
  }

  const news = list.news.value;
  return (
    <section class="list-pane" id="list" tabIndex={-1} aria-label={t.list.label}>
      <header class="list-head">
        <div class="list-title">
          {!app.settings.rail.value && (
            <button type="button" class="action" id="show-rail" aria-label={t.commands.toggleRail} title={t.commands.toggleRail} onClick={() => (app.settings.rail.value = true)}>
              <Icon name="list_view" class="mirrored" />
            </button>
          )}
          <h1 dir="auto">{view?.name ?? t.list.scopes[filter.scope]}</h1>
          {app.live.state.value !== "on" && app.connection.value === "ok" && <span class="polling" title={t.list.polling}><Icon name="reopen" /><span class="hidden">{t.list.polling}</span></span>}
          <ListMenu />
        </div>
        <FindBar />
        <Filters />
      </header>
      <QueueChips />
      <Offers />
      <SelectionBar />
      <div
        class="list-scroll" ref={scroller}
        onScroll={(event) => (app.atList.scrolled = event.currentTarget.scrollTop > 40)}
        onPointerMove={(event) => {
          if (event.pointerType === "mouse") app.atList.pointer = true;
        }}
        onPointerLeave={() => (app.atList.pointer = false)}
        onFocusIn={(event) => (app.atList.focus = (event.target as Element).matches(":focus-visible"))}
        onFocusOut={() => (app.atList.focus = false)}
      >
        {news > 0 && (
          <button type="button" class="pill" id="news" onClick={showNews}>
            <Icon name="arrow_up" />{t.list.news(news)}
          </button>
        )}
        {list.status.value === "loading" && <Skeleton />}
        {list.status.value === "failed" && <Trouble title={t.list.failed} problem={list.problem.value} onRetry={app.retryNow} />}
        {list.status.value === "ready" && list.order.value.length === 0 && <EmptyList />}
        {list.order.value.length > 0 && <Rows scroller={scroller} />}
        {list.hasMore.value && <div ref={end} class="list-end">{t.app.loading}</div>}
      </div>
    </section>
  );
}

/** Rows drawn beyond each edge of the window, so that a scroll finds them there. */
const beyond_rows = 8;
/** The style sheet gives every row this height. */
const row_rem = { comfortable: 6.75, compact: 3.875 };

function Rows(props: { scroller: { current: HTMLDivElement | null } }) {
  const app = useApp();
  const order = app.list.order.value;
  const height = row_rem[app.settings.density.value] * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const range = useSignal({ from: 0, to: 24 });
  // The row somebody is at keeps existing, or its focus would be lost.
  const kept = useSignal<string | null>(null);
  const length = order.length;
  const heightNow = useRef(height);
  heightNow.current = height;

  useLayoutEffect(() => {
    const box = props.scroller.current;
    if (box === null) return;
    const look = () => {
      const from = Math.max(0, Math.floor(box.scrollTop / heightNow.current) - beyond_rows);
      const to = Math.ceil((box.scrollTop + box.clientHeight) / heightNow.current) + beyond_rows;
      if (from !== range.peek().from || to !== range.peek().to) range.value = { from, to };
    };
    const resized = new ResizeObserver(look);
    resized.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    look();
    rowWindow.current = {
      reveal(index) {
        const top = index * heightNow.current;
        if (top < box.scrollTop) box.scrollTop = top;
        else if (top + heightNow.current > box.scrollTop + box.clientHeight) box.scrollTop = top + heightNow.current - box.clientHeight;
        look();
      },
    };
    return () => {
      rowWindow.current = null;
      resized.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, [height]);

  const { from, to } = range.value;
  const shown: { id: string; at: number }[] = [];
  for (let at = from; at < Math.min(to, length); ++at) shown.push({ id: order[at]!, at });
  const stays = kept.value === null ? -1 : order.indexOf(kept.value);
  if (stays >= 0 && stays < from) shown.unshift({ id: order[stays]!, at: stays });
  else if (stays >= to) shown.push({ id: order[stays]!, at: stays });

  return (
    <ul
      class="rows" id="rows" aria-label={t.list.label} style={{ blockSize: `${length * height}px` }}
      onFocusIn={(event) => (kept.value = (event.target as Element).closest<HTMLElement>(".row")?.dataset.id ?? null)}
      onFocusOut={() => (kept.value = null)}
    >
      {shown.map(({ id, at }) => {
        const ticket = app.list.ticket(id);
        return ticket === undefined ? null : <Row key={id} ticket={ticket} at={at} of={app.list.hasMore.value ? -1 : length} top={at * height} />;
      })}
    </ul>
  );
}

function ListMenu() {
  const app = useApp();
  const filter = app.filter.value;
  const compact = app.settings.density.value === "compact";
  const view = viewOf(app.views.all.value, filter);
  const saved = view?.saved ?? null;
  return (
    <>
      {app.views.canSave.value && (view === undefined || saved !== null) && (
        <button
          type="button" class="action" id="save-view" aria-label={saved === null ? t.views.save : t.views.edit} title={saved === null ? t.views.save : t.views.edit}
          onClick={() => (app.dialog.value = { is: "view", view: saved })}
        >
          <Icon name={saved === null ? "bookmark" : "pencil"} />
        </button>
      )}
      <button
        type="button" class="action" id="density" aria-pressed={compact} aria-label={t.list.compact} title={t.list.compact}
        onClick={() => (app.settings.density.value = compact ? "comfortable" : "compact")}
      >
        <Icon name="rows" />
      </button>
    </>
  );
}

function Filters() {
  const app = useApp();
  const filter = app.filter.value;
  return (
    <div class="filters" role="group" aria-label={t.list.filters}>
      <label class="select">
        <span class="hidden">{t.list.state}</span>
        <select id="filter-state" value={filter.scope} onChange={(event) => app.filterBy({ scope: event.currentTarget.value as Scope })}>
          {scopes.map((scope) => <option key={scope} value={scope}>{t.list.scopes[scope]}</option>)}
        </select>
        <Icon name="down" />
      </label>
      <label class="select">
        <span class="hidden">{t.list.assignee}</span>
        <select id="filter-assignee" value={filter.assignee} onChange={(event) => app.filterBy({ assignee: event.currentTarget.value })}>
          <option value="">{t.list.anyone}</option>
          <option value="me">{t.list.me}</option>
          <option value="none">{t.list.nobody}</option>
          {app.desk.agents.value.map((agent) => <option key={agent.id} value={agent.id}>{agent.name}</option>)}
        </select>
        <Icon name="down" />
      </label>
      <label class="select">
        <span class="hidden">{t.list.sort}</span>
        <select id="filter-sort" value={sortOf(filter)} onChange={(event) => app.filterBy({ sort: event.currentTarget.value as Sort })}>
          {sorts.filter((sort) => sort !== "").map((sort) => <option key={sort} value={sort}>{t.list.sorts[sort]}</option>)}
        </select>
        <Icon name="down" />
      </label>
    </div>
  );
}

function QueueChips() {
  const app = useApp();
  const queues = app.desk.queues.value;
  const chosen = app.filter.value.queue;
  if (queues.length === 0) return null;
  return (
    <div class="queues" role="group" aria-label={t.list.queue}>
      <button type="button" class="queue" aria-pressed={chosen === ""} onClick={() => app.filterBy({ queue: "" })}>{t.list.allQueues}</button>
      {queues.map((queue) => (
        <button
          key={queue.id} type="button" class="queue" aria-pressed={chosen === queue.id}
          title={t.list.queueFacts(queue.waiting, queue.open, queue.late)}
          onClick={() => app.filterBy({ queue: chosen === queue.id ? "" : queue.id })}
        >
          <bdi>{queue.name}</bdi>
          <span class="queue-count" aria-hidden="true">{queue.waiting}</span>
          {queue.late > 0 && <span class="queue-late" aria-hidden="true"><Icon name="flame" />{queue.late}</span>}
          <span class="hidden">{t.list.queueFacts(queue.waiting, queue.open, queue.late)}</span>
        </button>
      ))}
    </div>
  );
}

function EmptyList() {
  const app = useApp();
  const filter = app.filter.value;
  const narrowed = useComputed(() => !sameFilter(app.filter.value, { ...everything, scope: app.filter.value.scope, sort: app.filter.value.sort })).value;
  return (
    <Empty icon={filter.scope === "active" ? "sparkle" : "inbox"} title={narrowed ? t.list.emptyFiltered : t.list.emptyTitle[filter.scope]}>
      {narrowed
        ? <button type="button" class="button" onClick={() => app.filterBy({ ...everything, scope: filter.scope })}>{t.list.clearFilters}</button>
        : <p>{filter.scope === "active" || filter.scope === "all" ? t.list.emptyHint : t.list.emptyHintState}</p>}
      {!narrowed && filter.scope !== "active" && filter.scope !== "all" && (
        <button type="button" class="button" onClick={() => app.filterBy(everything)}>{t.list.showActive}</button>
      )}
    </Empty>
  );
}
