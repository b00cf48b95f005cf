// Everything that can be done from the keyboard, by name: shortcuts, the sheet that explains them and the palette all
// read this one list. A command says when it makes sense; whether it is allowed is the server's decision.

import type { App } from "../app";
import type { Ticket } from "../api/types";
import { formatReports, formatRoute, now } from "../state/route";
import { t } from "../text/catalogue";
import { snoozePresets } from "../text/snooze";
import type { IconName } from "./icons";
import { move, openRow, toggleRow } from "./rows";

export type Group = "moving" | "writing" | "acting" | "page";

export interface Command {
  id: string;
  group: Group;
  label: string;
  /** The usual single key, "g x" for two in a row; none for those that only the palette has. */
  letter?: string;
  icon: IconName;
  available(app: App): boolean;
  run(app: App): void;
}

export const isOver = (ticket: Ticket) => ticket.state === "resolved" || ticket.state === "closed" || ticket.state === "spam";

const ticketOf = (app: App) => (app.present.peek() ? app.conversation.ticket.peek() : null);
const always = () => true;
const opened = (app: App) => ticketOf(app) !== null;
const active = (app: App) => {
  const ticket = ticketOf(app);
  return ticket !== null && !isOver(ticket);
};
const over = (app: App) => {
  const ticket = ticketOf(app);
  return ticket !== null && isOver(ticket);
};

function write(app: App, mode: "reply" | "note") {
  app.choose(mode);
  requestAnimationFrame(() => document.getElementById("composer-text")?.focus());
}

const command = (
  id: string, group: Group, label: string, icon: IconName, letter: string | undefined, available: (app: App) => boolean, run: (app: App) => void,
): Command => ({ id, group, label, icon, available, run, ...(letter === undefined ? {} : { letter }) });

const words = t.commands;

export const commands: readonly Command[] = [
  command("next", "moving", words.next, "arrow_down", "j", always, (app) => move(app, 1)),
  command("previous", "moving", words.previous, "arrow_up", "k", always, (app) => move(app, -1)),
  command("open", "moving", words.open, "chat", "Enter", always, openRow),
  command("select", "moving", words.select, "check", "x", always, toggleRow),
  command("search", "moving", words.search, "search", "/", always, (app) => {
    if (app.router.route.peek().page !== "conversations") app.open(null);
    app.settings.list.value = true;
    requestAnimationFrame(() => document.getElementById("find")?.focus());
  }),
  command("details", "moving", words.details, "panel", "d", always, (app) => {
    app.settings.details.value = !app.settings.details.peek();
  }),
  command("go_inbox", "moving", words.go(t.rail.inbox), "inbox", "g i", always, (app) => view(app, "inbox")),
  command("go_mine", "moving", words.go(t.rail.mine), "person", "g m", always, (app) => view(app, "mine")),
  command("go_unassigned", "moving", words.go(t.rail.unassigned), "hand", "g u", always, (app) => view(app, "unassigned")),
  command("go_snoozed", "moving", words.go(t.rail.snoozed), "moon", "g s", always, (app) => view(app, "snoozed")),
  command("go_resolved", "moving", words.go(t.rail.resolved), "checks", "g r", always, (app) => view(app, "resolved")),
  command("go_all", "moving", words.go(t.rail.all), "stack", "g a", always, (app) => view(app, "all")),
  command("go_reports", "moving", words.go(t.rail.reports), "chart", "g p", always, (app) => app.router.go(formatReports("queue", ""))),
  command("go_settings", "moving", words.go(t.rail.settings), "sliders", "g t", always, (app) => app.router.go("#/settings")),

  command("reply", "writing", words.reply, "send", "r", opened, (app) => write(app, "reply")),
  command("note", "writing", words.note, "note", "n", opened, (app) => write(app, "note")),
  command("attach", "writing", words.attach, "clip", undefined, opened, () => document.getElementById("attach")?.click()),

  command("assign_me", "acting", t.actions.assignMe, "hand", "m", active, (app) => app.claim()),
  command("assign", "acting", t.actions.assign, "person", "a", active, (app) => show(app, "assign")),
  command("transfer", "acting", t.actions.transfer, "forward", undefined, active, (app) => show(app, "transfer")),
  command("escalate", "acting", t.actions.escalate, "flame", undefined, active, (app) => show(app, "escalate")),
  command("snooze", "acting", t.actions.snooze, "moon", "s", active, () => document.getElementById("snooze")?.click()),
  ...snoozePresets(Date.now()).map((preset) => command(
    `snooze_${preset.id}`, "acting", words.snoozeUntil(preset.label), "moon", undefined, active,
    (app) => app.snooze(snoozePresets(app.clock.read()).find((one) => one.id === preset.id)?.until ?? preset.until),
  )),
  command("snooze_own", "acting", words.snoozeUntil(t.snooze.own), "moon", undefined, active, (app) => show(app, "snooze")),
  command("wait_customer", "acting", words.wait(t.actions.waitCustomer), "hourglass", undefined, active, (app) => void app.act("wait", { for: "customer" }, t.actions.done.wait)),
  command("wait_third_party", "acting", words.wait(t.actions.waitThirdParty), "hourglass", undefined, active, (app) => void app.act("wait", { for: "third_party" }, t.actions.done.wait)),
  command("resolve", "acting", t.actions.resolve, "check", "e", active, (app) => app.resolve()),
  command("reopen", "acting", t.actions.reopen, "reopen", "o", over, (app) => app.reopen()),
  command("close", "acting", t.actions.close, "lock", undefined, active, (app) => void app.act("close", {}, t.actions.done.close)),
  command("spam", "acting", t.actions.spam, "alert", undefined, active, (app) => void app.act("spam", {}, t.actions.done.spam)),
  command("not_spam", "acting", t.actions.notSpam, "reopen", undefined, (app) => ticketOf(app)?.state === "spam", (app) => void app.act("not-spam", {}, t.actions.done.notSpam)),
  command("no_reply", "acting", t.actions.noReply, "check", undefined, (app) => active(app) && ticketOf(app)?.unanswered_since != null, (app) => void app.act("no-reply-needed", {}, t.actions.done.noReply)),
  command("tags", "acting", t.actions.tags, "tag", "l", opened, (app) => show(app, "tags")),
  command("type", "acting", t.actions.type, "stack", undefined, opened, (app) => show(app, "type")),
  command("sub_state", "acting", t.actions.subState, "hourglass", undefined, active, (app) => show(app, "sub_state")),
  command("subject_line", "acting", t.actions.subjectLine, "note", undefined, opened, (app) => show(app, "subject_line")),
  command("undo", "acting", t.actions.undo, "reopen", "u", opened, (app) => app.undo()),

  command("history", "page", words.history, "clock", undefined, opened, (app) => app.look({ at: app.conversation.ticket.peek()?.version ?? null })),
  command("copy_link", "page", words.copyLink, "link", undefined, opened, (app) => {
    const id = app.conversation.id.peek();
    const address = `${location.origin}${location.pathname}${formatRoute(id, app.filter.peek(), now)}`;
    void navigator.clipboard?.writeText(address).then(() => app.notices.tell({ tone: "done", title: t.thread.linkCopied }), app.notices.failed);
  }),
  command("density", "page", words.density, "rows", undefined, always, (app) => {
    app.settings.density.value = app.settings.density.peek() === "compact" ? "comfortable" : "compact";
  }),
  command("theme_light", "page", words.theme(t.themes.light), "sun", undefined, always, (app) => void (app.settings.theme.value = "light")),
  command("theme_dark", "page", words.theme(t.themes.dark), "moon", undefined, always, (app) => void (app.settings.theme.value = "dark")),
  command("theme_system", "page", words.theme(t.themes.system), "panel", undefined, always, (app) => void (app.settings.theme.value = "system")),
  ...(["online", "away", "offline"] as const).map((presence) => command(
    `presence_${presence}`, "page", words.presence(t.presence.names[presence]), "person", undefined,
    (app) => app.myself.peek()?.presence !== undefined, (app) => app.setPresence(presence),
  )),
  command("toggle_list", "page", words.toggleList, "panel", undefined, always, (app) => void (app.settings.list.value = !app.settings.list.peek())),
  command("toggle_rail", "page", words.toggleRail, "panel", undefined, always, (app) => void (app.settings.rail.value = !app.settings.rail.peek())),
  command("palette", "page", words.palette, "search", undefined, always, (app) => show(app, "palette")),
  command("shortcuts", "page", t.shortcuts.help, "keyboard", "?", always, (app) => show(app, "shortcuts")),
  command("sign_out", "page", t.rail.signOut, "exit", undefined, always, (app) => void app.signOut()),
];

/** The key in force: what the agent has chosen, or the usual one. Empty where there is none. */
export const letterOf = (app: App, one: Command) => app.settings.letters.value[one.id] ?? one.letter ?? "";

function view(app: App, id: string) {
  const found = app.views.all.peek().find((one) => one.id === id);
  if (found !== undefined) app.filterBy(found.filter);
}

export function show(app: App, is: Exclude<App["dialog"]["value"]["is"], "view" | "redact">) {
  app.dialog.value = { is };
}
