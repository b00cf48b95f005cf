// What can be done with the open conversation, in its head. Only what makes sense in its state is offered; whether
// it is allowed is the server's decision.

import { useApp } from "../app";
import type { Ticket } from "../api/types";
import { t } from "../text/catalogue";
import { weekday } from "../text/format";
import { snoozePresets } from "../text/snooze";
import { Icon } from "./icons";
import { Menu } from "./menu";

export const isOver = (ticket: Ticket) => ticket.state === "resolved" || ticket.state === "closed" || ticket.state === "spam";

export function Actions(props: { ticket: Ticket }) {
  const app = useApp();
  const { ticket } = props;
  const busy = app.commanding.value;
  const current = app.session.value;
  const mine = current.is === "in" && ticket.assignee?.id === current.session.principal.id;

  if (isOver(ticket)) {
    return (
      <div class="actions" role="group" aria-label={t.actions.label}>
        <button type="button" id="reopen" class="action primary" disabled={busy} onClick={app.reopen}>
          <Icon name="reopen" /><span class="action-label">{t.actions.reopen}</span>
        </button>
      </div>
    );
  }
  return (
    <div class="actions" role="group" aria-label={t.actions.label}>
      {!mine && (
        <button type="button" id="assign-me" class="action" disabled={busy} aria-label={t.actions.assignMe} title={t.actions.assignMe} onClick={app.claim}>
          <Icon name="hand" /><span class="action-label">{t.actions.assignMe}</span>
        </button>
      )}
      <Menu
        id="snooze" label={t.actions.snooze} icon="moon" disabled={busy}
        items={() => [
          ...snoozePresets(app.clock.read()).map((preset) => ({
            label: preset.label, aside: weekday(preset.until), run: () => app.snooze(preset.until),
          })),
          { label: t.snooze.own, run: () => (app.dialog.value = "snooze") },
        ]}
      />
      <Menu
        id="wait" label={t.actions.wait} icon="hourglass" disabled={busy}
        items={() => [
          { label: t.actions.waitCustomer, run: () => void app.act("wait", { for: "customer" }, t.actions.done.wait) },
          { label: t.actions.waitThirdParty, run: () => void app.act("wait", { for: "third_party" }, t.actions.done.wait) },
        ]}
      />
      <button type="button" id="resolve" class="action primary" disabled={busy} onClick={app.resolve}>
        <Icon name="check" /><span class="action-label">{t.actions.resolve}</span>
      </button>
      <Menu
        id="more" label={t.actions.more} icon="more" iconOnly disabled={busy}
        items={() => [
          { label: t.actions.close, icon: "lock", run: () => void app.act("close", {}, t.actions.done.close) },
        ]}
      />
    </div>
  );
}
