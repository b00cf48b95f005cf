// The slider over a conversation's versions: every event is one step, and where it stands is part of the address.

import { useApp } from "../app";
import type { Ticket } from "../api/types";
import { t } from "../text/catalogue";
import { full } from "../text/format";
import { Icon } from "./icons";
import { Trouble } from "./trouble";

export function HistoryBar(props: { present: Ticket }) {
  const app = useApp();
  const route = app.router.route.value;
  const at = route.page === "conversations" ? route.look.at : null;
  if (at === null) return null;
  const last = Number(props.present.version);
  const version = Math.min(Math.max(1, Number(at)), last);
  const past = app.history.past.value;
  // The newest act the past shows is when it was.
  const then = past?.entries[past.entries.length - 1]?.recorded_at;
  const go = (to: number) => app.look({ at: String(Math.min(Math.max(1, to), last)) });
  const words = t.history;

  return (
    <section class="history" id="history" aria-label={words.label}>
      <div class="history-line">
        <Icon name="clock" />
        <button type="button" class="action" id="history-earlier" disabled={version <= 1} aria-label={words.earlier} title={words.earlier} onClick={() => go(version - 1)}><Icon name="back" class="mirrored" /></button>
        <input
          id="history-at" type="range" min={1} max={last} step={1} value={version} aria-label={words.slider}
          aria-valuetext={then === undefined ? words.version(version, last) : `${words.version(version, last)}, ${full(Date.parse(then))}`}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
        <button type="button" class="action" id="history-later" disabled={version >= last} aria-label={words.later} title={words.later} onClick={() => go(version + 1)}><Icon name="forward" class="mirrored" /></button>
        <button type="button" class="button" id="history-end" onClick={() => app.look({ at: null })}>{words.end}</button>
      </div>
      <p class="history-when" aria-live="polite">
        <strong>{words.version(version, last)}</strong>{then !== undefined && <> · <time dateTime={then}>{full(Date.parse(then))}</time></>}
        <span class="hint">{words.hint}</span>
      </p>
      {app.history.problem.value !== null && <Trouble title={words.failed} problem={app.history.problem.value} />}
    </section>
  );
}
