// The desk's figures for whoever leads it: what waits now, what came in and went out, who holds what, and when work
// comes. Each number says when it was true and leads to the conversations behind it.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { useApp } from "../app";
import { Problem } from "../api/client";
import type { Listing } from "../api/types";
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
  /** The beginning of the local day: what has happened is counted from here. */
  since: string;
  definition?: { text: string };
  total?: Row;
  data: Row[];
}

/** What has happened since the day began, and what is so now. */
const happened = ["created", "replied", "resolved", "breached"] as const;
const standing = ["waiting", "late"] as const;
const columns = [...happened, ...standing] as const;
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
          {overview !== null && <p class="hint">{words.since(moment(Date.parse(overview.since), app.clock.now.value))}</p>}
          {overview !== null && <TableCsv overview={overview} by={by} />}
        </header>
        {overview === null && problem === null && <Skeleton />}
        {overview === null && problem !== null && (
          problem instanceof Problem && problem.status === 404 ? <p class="hint">{words.absent}</p> : <Trouble title={words.failed} problem={problem} />
        )}
        {overview !== null && overview.data.length === 0 && <Empty icon="chart" title={words.empty}><p>{words.emptyHint}</p></Empty>}
        {overview !== null && overview.data.length > 0 && <Table overview={overview} by={by} zone={zone === here ? "" : zone} />}
        {overview?.definition !== undefined && <details class="hint"><summary>{words.what}</summary><p>{overview.definition.text}</p></details>}
      </section>
      {overview !== null && route.page === "reports" && route.list !== "" && (
        <Behind key={`${by} ${zone} ${route.list} ${route.key}`} by={by} zone={zone} since={overview.since} list={route.list} of={route.key} rows={overview.data} />
      )}
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

/** The list of conversations behind a number that is so now. */
function listOf(by: Grouping, key: string, column: (typeof standing)[number]): Filter {
  const term = { queue: `queue:${quote(key)}`, channel: `channel:${quote(key)}`, language: `lang:${quote(key)}`, agent: `assignee:${quote(key)}` }[by];
  if (column === "late") return { ...everything, scope: "all", q: `${term} is:late` };
  return { ...everything, scope: "open", assignee: by === "agent" ? "" : "none", q: term };
}

function nameOf(by: Grouping, row: Row): string {
  if (by === "channel" && row.key !== null) return channelName(row.key);
  if (by === "language" && row.key !== null) return row.key === "und" ? t.sidebar.unknownLanguage : languageName(row.key);
  return row.name ?? row.key ?? words.unnamed;
}

const oldestOf = (row: Row) => (typeof row.oldest === "string" ? row.oldest : null);

function Table(props: { overview: Overview; by: Grouping; zone: string }) {
  const { overview, by, zone } = props;
  const cell = (row: Row, column: (typeof columns)[number], key: string) => {
    const value = figure(number(row[column]));
    const now = standing.find((one) => one === column);
    if (key === "" && now !== undefined) return value;
    return <a href={now === undefined ? formatReports(by, zone, column, key) : formatRoute(null, listOf(by, key, now))}>{value}</a>;
  };
  const bad = (row: Row, column: string) => ((column === "breached" || column === "late") && number(row[column]) > 0 ? "bad" : "");
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
              {columns.map((column) => <td key={column} class={bad(row, column)}>{cell(row, column, row.key ?? "none")}</td>)}
              <td>{oldestOf(row) === null ? "–" : <Age at={oldestOf(row)!} />}</td>
            </tr>
          ))}
        </tbody>
        {overview.total !== undefined && (
          <tfoot>
            <tr>
              <th scope="row">{words.total}</th>
              {columns.map((column) => <td key={column} class={bad(overview.total!, column)}>{cell(overview.total!, column, "")}</td>)}
              <td>{oldestOf(overview.total) === null ? "–" : <Age at={oldestOf(overview.total)!} />}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

interface Counted {
  conversation: string;
  number: string | null;
  at: string;
  counted: boolean;
  reason: string | null;
}

const behind_page = "50";

/** The conversations that were counted for a number of the table, and those left out with the reason. */
function Behind(props: { by: Grouping; zone: string; since: string; list: string; of: string; rows: Row[] }) {
  const app = useApp();
  const state = useSignal<{ items: Counted[] | null; next: string | null; problem: unknown }>({ items: null, next: null, problem: null });
  const row = props.rows.find((one) => (one.key ?? "none") === props.of);
  const name = row === undefined ? words.total : nameOf(props.by, row);

  async function more(after?: string) {
    try {
      const listing = await app.client.read<Listing<Counted>>(`/v1/reports/${encodeURIComponent(props.list)}/explain`, {
        from: props.since, tz: props.zone, limit: behind_page, after, ...(props.of === "" ? {} : { by: props.by, key: props.of }),
      });
      state.value = { items: [...(state.peek().items ?? []), ...listing.data], next: listing.page.has_more ? listing.page.next : null, problem: null };
    } catch (problem) {
      state.value = { ...state.peek(), problem };
    }
  }
  useEffect(() => void more(), []);

  const { items, next, problem } = state.value;
  return (
    <section class="panel" id="behind" aria-label={words.behind(words.columns[props.list] ?? props.list, name)}>
      <header class="panel-head">
        <h2>{words.behind(words.columns[props.list] ?? props.list, name)}</h2>
        <a class="button csv" href={formatReports(props.by, props.zone === here ? "" : props.zone)}><Icon name="cross" />{words.close}</a>
      </header>
      {problem !== null && <Trouble title={words.failed} problem={problem} />}
      {items === null && problem === null && <Skeleton />}
      {items !== null && items.length === 0 && <p class="hint">{words.behindNone}</p>}
      <ul class="behind">
        {(items ?? []).map((item, at) => (
          <li key={at} class={item.counted ? "" : "excluded"}>
            <a href={formatRoute(item.conversation, everything)}>{t.thread.number(item.number ?? "?")}</a>
            <time dateTime={item.at}>{moment(Date.parse(item.at), app.clock.now.value)}</time>
            {!item.counted && <span class="chip">{words.notCounted}{item.reason === null ? "" : `: ${item.reason.replaceAll("_", " ")}`}</span>}
          </li>
        ))}
      </ul>
      {next !== null && <button type="button" class="button" onClick={() => void more(next)}>{words.more}</button>}
    </section>
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

function save(text: string, name: string) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href: address, download: `${name}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** Exactly the rows of the table. A text that a spreadsheet would take for a formula is told to be text. */
function TableCsv(props: { overview: Overview; by: Grouping }) {
  const cell = (value: unknown) => {
    const text = value == null ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const download = () => save(
    [["key", "name", ...columns, "oldest"], ...props.overview.data.map((row) => [row.key, nameOf(props.by, row), ...columns.map((column) => number(row[column])), oldestOf(row)])]
      .map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n",
    `overview-${props.by}`,
  );
  const name = words.csvLabel(words.table(words.groupings[props.by] ?? props.by));
  return <button type="button" class="button csv" aria-label={name} title={name} onClick={download}><Icon name="download" />{words.csv}</button>;
}

/** A report's rows as the server writes them. */
export function Csv(props: { path: string; query: Record<string, string>; name: string }) {
  const app = useApp();
  async function download() {
    try {
      const response = await fetch(`${props.path}?${new URLSearchParams(props.query)}`, { headers: { Accept: "text/csv" }, credentials: "same-origin", cache: "no-store" });
      if (!response.ok) throw new Problem(response.status, "", `HTTP ${response.status}`, "", "", null);
      save(await response.text(), props.path.split("/").pop() ?? "report");
    } catch (cause) {
      app.notices.failed(cause);
    }
  }
  return <button type="button" class="button csv" aria-label={words.csvLabel(props.name)} title={words.csvLabel(props.name)} onClick={() => void download()}><Icon name="download" />{words.csv}</button>;
}
