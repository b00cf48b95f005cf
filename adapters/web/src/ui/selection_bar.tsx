// What can be done with several conversations at once.

import { useApp } from "../app";
import { t } from "../text/catalogue";
import { weekday } from "../text/format";
import { snoozePresets } from "../text/snooze";
import { Icon } from "./icons";
import { Menu } from "./menu";

export function SelectionBar() {
  const app = useApp();
  const count = app.selection.value.size;
  if (count === 0) return null;
  const busy = app.commanding.value;
  return (
    <div class="selection" role="group" aria-label={t.selection.label}>
      <span class="selection-count" role="status">{t.selection.count(count)}</span>
      <button type="button" class="action" id="select-assign" disabled={busy} title={t.actions.assignMe} aria-label={t.actions.assignMe} onClick={() => void app.actOnSelection("assign", { agent: app.me.peek() }, t.selection.done)}><Icon name="hand" /></button>
      <Menu
        id="select-snooze" label={t.actions.snooze} icon="moon" iconOnly disabled={busy}
        items={() => snoozePresets(app.clock.read()).map((preset) => ({
          label: preset.label, aside: weekday(preset.until),
          run: () => void app.actOnSelection("snooze", { until: new Date(preset.until).toISOString() }, t.selection.done),
        }))}
      />
      <button type="button" class="action" id="select-resolve" disabled={busy} title={t.actions.resolve} aria-label={t.actions.resolve} onClick={() => void app.actOnSelection("resolve", {}, t.selection.done)}><Icon name="check" /></button>
      <button type="button" class="action" id="select-none" title={t.selection.clear} aria-label={t.selection.clear} onClick={() => (app.selection.value = new Set())}><Icon name="cross" /></button>
    </div>
  );
}
