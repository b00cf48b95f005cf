// What can be done with the open conversation, in its head. Only what makes sense in its state is offered; whether
// it is allowed is the server's decision.

import { useApp } from "../app";
import type { Ticket } from "../api/types";
import { t } from "../text/catalogue";
import { moment, weekday } from "../text/format";
import { snoozePresets } from "../text/snooze";
import { commands, isOver, letterOf, show } from "./commands";
import { Icon } from "./icons";
import { Menu, type MenuItem } from "./menu";

export function Actions(props: { ticket: Ticket }) {
  const app = useApp();
  const { ticket } = props;
  const busy = app.commanding.value;
  const mine = ticket.assignee?.id === app.me.value && app.me.value !== "";
  const over = isOver(ticket);

  /** The entries of the menu are the commands of the palette, with their keys. */
  const entry = (id: string): MenuItem[] => {
    const command = commands.find((one) => one.id === id);
    if (command === undefined || !command.available(app)) return [];
    const letter = letterOf(app, command);
    return [{ label: command.label, icon: command.icon, run: () => command.run(app), ...(letter === "" ? {} : { aside: letter }) }];
  };
  const undo = (): MenuItem[] => {
    if (ticket.undo == null || Date.parse(ticket.undo.until) <= app.clock.read()) return [];
    return [{ label: t.actions.undoAct(t.acts.names[ticket.undo.act] ?? ticket.undo.act.replaceAll("_", " ")), icon: "reopen", aside: t.actions.until(moment(Date.parse(ticket.undo.until), app.clock.read())), run: app.undo }];
  };

  return (
    <div class="actions" role="group" aria-label={t.actions.label}>
      {over && (
        <button type="button" id="reopen" class="action primary" disabled={busy} onClick={ticket.state === "spam" ? () => void app.act("not-spam", {}, t.actions.done.notSpam) : app.reopen}>
          <Icon name="reopen" /><span class="action-label">{ticket.state === "spam" ? t.actions.notSpam : t.actions.reopen}</span>
        </button>
      )}
      {!over && (
        <>
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
              { label: t.snooze.own, run: () => show(app, "snooze") },
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
        </>
      )}
      <Menu
        id="more" label={t.actions.more} icon="more" iconOnly disabled={busy}
        items={() => [
          ...undo(),
          ...["assign", "transfer", "escalate", "tags", "type", "sub_state", "subject_line", "no_reply", "close", "spam", "history", "copy_link"].flatMap(entry),
        ]}
      />
    </div>
  );
}
