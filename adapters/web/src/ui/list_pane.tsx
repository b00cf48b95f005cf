// The list of conversations with its filters. Rows say at once what changes in them; they move only when nobody is
// at the list (see state/list.ts), and a pill says what waits.

import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { everything, sameFilter, scopes, type Scope } from "../state/route";
import { t } from "../text/catalogue";
import { Icon } from "./icons";
import { Row } from "./list_row";
import { Empty } from "./parts";
import { viewOf } from "./rail";
import { Trouble } from "./trouble";

export function ListPane() {
  const app = useApp();
  const { list } = app;
  const filter = app.filter.value;
  const scroller = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const view = viewOf(filter);

  useEffect(() => {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void list.more().catch(() => undefined);
    }, { root: scroller.current, rootMargin: "600px" });
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
        <h1>{view?.name ?? t.list.scopes[filter.scope]}</h1>
        <Filters />
      </header>
      <QueueChips />
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
        {list.order.value.length > 0 && (
          <ul class="rows" id="rows">
            {list.order.value.map((id) => {
              const ticket = list.ticket(id);
              return ticket === undefined ? null : <Row key={id} ticket={ticket} />;
            })}
          </ul>
        )}
        {list.hasMore.value && <div ref={end} class="list-end">{t.app.loading}</div>}
      </div>
    </section>
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
          {app.agents.value.map((agent) => <option key={agent.id} value={agent.id}>{agent.name}</option>)}
        </select>
        <Icon name="down" />
      </label>
    </div>
  );
}

function QueueChips() {
  const app = useApp();
  const queues = app.queues.value;
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
  const narrowed = !sameFilter(filter, { ...everything, scope: filter.scope });
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

/** Seen only where loading takes long enough to notice; the style sheet holds it back. */
export function Skeleton() {
  return (
    <div class="skeleton" aria-busy="true">
      <span class="hidden">{t.app.loading}</span>
      {[0, 1, 2, 3, 4].map((at) => <div key={at} class="skeleton-row"><i /><span><b /><b /></span></div>)}
    </div>
  );
}
