// The desk's figures for whoever leads it: what waits now, what came in and went out, who holds what, and when work
// comes. Each number says when it was true and leads to the conversations behind it.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { useApp } from "../app";
import { Problem } from "../api/client";
import { everything, formatReports, formatRoute, groupings, type Filter, type Grouping } from "../state/route";
import { quote } from "../state/query";
import { t } from "../text/catalogue";
import { full, languageName, moment, span } from "../text/format";
import { figure, words } from "../text/words_reports";
import { HeatMap } from "./heat_map";
import { Icon } from "./icons";
import { Age, Avatar, channelName, Empty } from "./parts";
import { Skeleton } from "./skeleton";
import { Trouble } from "./trouble";

const refresh_ms = 10_000;
const told_refresh_ms = 3000;

interface Row {
  key: string | null;
  name: string | null;
  [figure: string]: unknown;
}

interface Overview {
  as_of: string;
  data: Row[];
}

const columns = ["created", "replied", "resolved", "breached", "waiting"] as const;
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : 0);

export function Reports() {
  const app = useApp();
  const route = app.router.route.value;
  const by: Grouping = route.page === "reports" ? route.by : "queue";
  const zone = (route.page === "reports" && route.zone) || here;
  const state = useSignal<{ overview: Overview | null; problem: unknown }>({ overview: null, problem: null });

  useEffect(() => {
    let gone = false;
    let reading = false;
    let last = 0;
    async function read() {
      if (reading || document.visibilityState !== "visible") return;
      reading = true;
      last = Date.now();
      try {
        const overview = await app.client.read<Overview>("/v1/reports/overview", { by, tz: zone });
        if (!gone) state.value = { overview, problem: null };
      } catch (problem) {
        if (!gone) state.value = { overview: state.peek().overview, problem };
      }
      reading = false;
    }
    state.value = { overview: null, problem: null };
    void read();
    const timer = setInterval(() => void read(), refresh_ms);
    // The queues are told by the server: where they change, so have the figures.
    const stop = app.desk.queues.subscribe(() => {
      if (Date.now() - last > told_refresh_ms) void read();
    });
    return () => {
      gone = true;
      clearInterval(timer);
      stop();
    };
  }, [by, zone]);

  const { overview, problem } = state.value;
  const zones = useMemo(() => [...new Set([here, zone, "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Shanghai", "Asia/Tokyo", "Asia/Bangkok", "Asia/Dubai", "Australia/Sydney"])], [zone]);

  return (
    <div class="page">
      <header class="page-head">
        <div>
          <h1>{words.title}</h1>
          <p class="hint">{words.lead}</p>
        </div>
        {overview !== null && (
          <p class="as-of" id="as-of">
            <Icon name="clock" />{words.asOf(moment(Date.parse(overview.as_of), app.clock.now.value))}
            <time class="hidden" dateTime={overview.as_of}>{full(Date.parse(overview.as_of))}</time>
          </p>
        )}
      </header>
      <Tiles />
      <section class="panel" aria-label={words.table(words.groupings[by] ?? by)}>
        <header class="panel-head">
          <div class="segments" role="group" aria-label={words.by}>
            {groupings.map((one) => (
              <a key={one} class="segment" href={formatReports(one, zone === here ? "" : zone)} aria-current={one === by ? "true" : undefined}>{words.groupings[one]}</a>
            ))}
          </div>
          <label class="select">
            <span class="hidden">{words.zone}</span>
            <select id="zone" value={zone} onChange={(event) => app.router.go(formatReports(by, event.currentTarget.value === here ? "" : event.currentTarget.value))}>
              {zones.map((one) => <option key={one} value={one}>{one === here ? words.zoneHere(one) : one}</option>)}
            </select>
            <Icon name="down" />
          </label>
          <Csv path="/v1/reports/overview" query={{ by, tz: zone }} name={words.table(words.groupings[by] ?? by)} />
        </header>
        {overview === null && problem === null && <Skeleton />}
        {overview === null && problem !== null && (
          problem instanceof Problem && problem.status === 404 ? <p class="hint">{words.absent}</p> : <Trouble title={words.failed} problem={problem} />
        )}
        {overview !== null && overview.data.length === 0 && <Empty icon="chart" title={words.empty}><p>{words.emptyHint}</p></Empty>}
        {overview !== null && overview.data.length > 0 && <Table overview={overview} by={by} />}
      </section>
      <Team />
      <HeatMap zone={zone} />
    </div>
  );
}

/** What the queues say, which the server tells as it changes. */
function Tiles() {
  const app = useApp();
  const queues = app.desk.queues.value;
  const sum = (member: "waiting" | "open" | "snoozed" | "late") => queues.reduce((all, queue) => all + queue[member], 0);
  const oldest = queues.map((queue) => queue.oldest_waiting_at).filter((at) => at !== null).sort()[0];
  const tile = (id: string, label: string, value: string, filter: Partial<Filter>, tone = "") => (
    <li>
      <a class={`tile ${tone}`} id={id} href={formatRoute(null, { ...everything, ...filter })}>
        <strong>{value}</strong><span>{label}</span>
      </a>
    </li>
  );
  return (
    <ul class="tiles">
      {tile("tile-waiting", words.waiting, figure(sum("waiting")), { scope: "open", assignee: "none" })}
      {tile("tile-late", words.late, figure(sum("late")), { scope: "all", q: "is:late" }, sum("late") > 0 ? "bad" : "")}
      {tile("tile-open", words.open, figure(sum("open")), { scope: "open" })}
      {tile("tile-snoozed", words.snoozed, figure(sum("snoozed")), { scope: "snoozed" })}
      {tile("tile-oldest", words.oldest, oldest == null ? words.noWait : span(app.clock.now.value - Date.parse(oldest)), { scope: "open", assignee: "none", sort: "oldest" })}
    </ul>
  );
}

/** The conversations behind a number of a row, as far as the grammar can name them. */
function behind(by: Grouping, row: Row, column: string): Filter {
  const key = row.key ?? "none";
  const term = { queue: `queue:${quote(key)}`, channel: `channel:${quote(key)}`, language: `lang:${quote(key)}`, agent: `assignee:${quote(key)}` }[by];
  switch (column) {
    case "waiting": return { ...everything, scope: "open", assignee: by === "agent" ? "" : "none", q: term };
    case "resolved": return { ...everything, scope: "resolved", q: term };
    case "breached": return { ...everything, scope: "all", q: `${term} sla:breached` };
    default: return { ...everything, scope: "all", sort: "newest", q: term };
  }
}

function nameOf(by: Grouping, row: Row): string {
  if (by === "channel" && row.key !== null) return channelName(row.key);
  if (by === "language" && row.key !== null) return row.key === "und" ? t.sidebar.unknownLanguage : languageName(row.key);
  return row.name ?? row.key ?? words.unnamed;
}

function Table(props: { overview: Overview; by: Grouping }) {
  const { overview, by } = props;
  const oldestOf = (row: Row) => (typeof row.oldest_waiting_at === "string" ? row.oldest_waiting_at : typeof row.oldest === "string" ? row.oldest : typeof row.oldest_at === "string" ? row.oldest_at : null);
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={words.table(words.groupings[by] ?? by)}>
      <table class="figures" id="overview">
        <thead>
          <tr>
            <th scope="col">{words.groupings[by]}</th>
            {columns.map((column) => <th key={column} scope="col">{words.columns[column]}</th>)}
            <th scope="col">{words.columns.oldest}</th>
          </tr>
        </thead>
        <tbody>
          {overview.data.map((row, at) => (
            <tr key={row.key ?? at}>
              <th scope="row" dir="auto">{nameOf(by, row)}</th>
              {columns.map((column) => (
                <td key={column} class={column === "breached" && number(row[column]) > 0 ? "bad" : ""}>
                  {row.key === null ? figure(number(row[column])) : <a href={formatRoute(null, behind(by, row, column))}>{figure(number(row[column]))}</a>}
                </td>
              ))}
              <td>{oldestOf(row) === null ? "–" : <Age at={oldestOf(row)!} />}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{words.total}</th>
            {columns.map((column) => <td key={column}>{figure(overview.data.reduce((all, row) => all + number(row[column]), 0))}</td>)}
            <td />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function Team() {
  const app = useApp();
  const agents = app.desk.agents.value.filter((agent) => agent.active && agent.presence !== undefined);
  if (agents.length === 0) return null;
  const order = { online: 0, away: 1, offline: 2 };
  return (
    <section class="panel">
      <header class="panel-head"><h2>{words.team}</h2><p class="hint">{words.teamLead}</p></header>
      <ul class="team">
        {[...agents].sort((a, b) => order[a.presence!] - order[b.presence!] || a.name.localeCompare(b.name)).map((agent) => {
          const held = agent.load?.total ?? 0;
          const capacity = agent.capacity?.default ?? 0;
          return (
            <li key={agent.id}>
              <a href={formatRoute(null, { ...everything, assignee: agent.id })}>
                <span class="me-face"><Avatar id={agent.id} name={agent.name} /><span class={`presence presence-${agent.presence}`} /></span>
                <span class="team-name"><bdi>{agent.name}</bdi><span class="hint">{t.presence.names[agent.presence!]}{agent.presence_since != null && <> · <Age at={agent.presence_since} /></>}</span></span>
                <span class="team-load">
                  <span>{words.load(held, capacity)}</span>
                  {capacity > 0 && <meter min={0} max={capacity} high={capacity * 0.9} value={Math.min(held, capacity)} aria-label={words.load(held, capacity)} />}
                </span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Exactly the rows that are shown, as the server writes them. */
export function Csv(props: { path: string; query: Record<string, string>; name: string }) {
  const app = useApp();
  async function download() {
    try {
      const response = await fetch(`${props.path}?${new URLSearchParams(props.query)}`, { headers: { Accept: "text/csv" }, credentials: "same-origin", cache: "no-store" });
      if (!response.ok) throw new Problem(response.status, "", `HTTP ${response.status}`, "", "", null);
      const address = URL.createObjectURL(new Blob([await response.text()], { type: "text/csv" }));
      const link = Object.assign(document.createElement("a"), { href: address, download: `${props.path.split("/").pop()}.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    } catch (cause) {
      app.notices.failed(cause);
    }
  }
  return <button type="button" class="button csv" aria-label={words.csvLabel(props.name)} title={words.csvLabel(props.name)} onClick={() => void download()}><Icon name="download" />{words.csv}</button>;
}
