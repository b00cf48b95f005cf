// When conversations come in: a table of weekdays and hours, coloured by how many. A table, so that it reads as well
// as it looks.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import { t } from "../text/catalogue";
import { figure, words } from "../text/words_reports";
import { Csv } from "./reports";

const window_days = 28;
const steps = 5;

interface Hour {
  /** A local hour with its distance from UTC, "2026-10-25T02:00+02:00". */
  key: string | null;
  value: number;
}

/** The weekday (Monday first) and the hour on the wall that a row of the report is about. */
export function placeOf(key: string): { day: number; hour: number } | null {
  const wall = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):/.exec(key);
  if (wall === null) return null;
  const date = new Date(Date.UTC(Number(wall[1]), Number(wall[2]) - 1, Number(wall[3])));
  return { day: (date.getUTCDay() + 6) % 7, hour: Number(wall[4]) };
}

export function HeatMap(props: { zone: string }) {
  const app = useApp();
  const rows = useSignal<Hour[] | null>(null);
  const query = { by: "hour", tz: props.zone, from: new Date(app.clock.now.peek() - window_days * 86_400_000).toISOString() };

  useEffect(() => {
    let here = true;
    // A server without this report shows no heat map; the figures above stand.
    app.client.read<{ data: Hour[] }>("/v1/reports/created", query).then((report) => here && (rows.value = report.data), () => here && (rows.value = null));
    return () => void (here = false);
  }, [props.zone]);

  if (rows.value === null) return null;
  const cells = Array.from({ length: 7 }, () => new Array<number>(24).fill(0));
  for (const row of rows.value) {
    const place = placeOf(row.key ?? "");
    if (place !== null) cells[place.day]![place.hour]! += row.value;
  }
  const most = Math.max(...cells.flat());
  const names = new Intl.DateTimeFormat(t.locale, { weekday: "short", timeZone: "UTC" });
  // The fifth of January 2026 was a Monday.
  const dayName = (index: number) => names.format(Date.UTC(2026, 0, 5 + index));

  return (
    <section class="panel">
      <header class="panel-head"><h2>{words.heat}</h2><p class="hint">{words.heatLead(props.zone)}</p><Csv path="/v1/reports/created" query={query} name={words.heat} /></header>
      {most === 0 ? <p class="hint">{words.heatNone}</p> : (
        <div class="scroll-x" tabIndex={0} role="region" aria-label={words.heat}>
          <table class="heat" id="heat">
            <thead>
              <tr><th scope="col"><span class="hidden">{words.hour}</span></th>{cells[0]!.map((_, hour) => <th key={hour} scope="col">{hour}</th>)}</tr>
            </thead>
            <tbody>
              {cells.map((hours, index) => (
                <tr key={index}>
                  <th scope="row">{dayName(index)}</th>
                  {hours.map((count, hour) => (
                    <td key={hour} class={`heat-${count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * steps))}`} title={words.heatCell(dayName(index), `${hour}:00`, count)}>{count === 0 ? "" : figure(count)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
