// What asks before it acts. Each closes when the server has taken the command and stays, with what was typed, when it
// has not.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useApp, type App } from "../app";
import type { SavedView } from "../api/types";
import { t } from "../text/catalogue";
import { localInput } from "../text/snooze";
import { DialogFoot, DialogFrame } from "./dialog";
import { Icon } from "./icons";
import { Palette } from "./palette";
import { Shortcuts } from "./shortcuts";

export function Dialogs() {
  const dialog = useApp().dialog.value;
  switch (dialog.is) {
    case "shortcuts": return <Shortcuts />;
    case "palette": return <Palette />;
    case "snooze": return <Snooze />;
    case "assign": return <Assign />;
    case "transfer": return <Hand verb="transfer" />;
    case "escalate": return <Hand verb="escalate" />;
    case "tags": return <Tags />;
    case "type": return <Pick kind="type" />;
    case "sub_state": return <Pick kind="sub_state" />;
    case "subject_line": return <SubjectLine />;
    case "view": return <ViewDialog view={dialog.view} />;
    case "redact": return <Redact message={dialog.message} />;
    case "none": return null;
  }
}

const close = (app: App) => (app.dialog.value = { is: "none" });

/** A form that sends one act and closes when it was taken. */
function ActForm(props: { title: string; submit: string; danger?: boolean; disabled?: boolean; onSubmit: () => Promise<boolean>; children: ComponentChildren; aside?: ComponentChildren }) {
  const app = useApp();
  return (
    <DialogFrame title={props.title} class="act">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void props.onSubmit().then((ok) => ok && close(app));
        }}
      >
        {props.children}
        <DialogFoot submit={props.submit} disabled={props.disabled === true} danger={props.danger === true}>{props.aside}</DialogFoot>
      </form>
    </DialogFrame>
  );
}

function Select(props: { id: string; label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (value: string) => void }) {
  return (
    <>
      <label for={props.id}>{props.label}</label>
      <span class="select wide">
        <select id={props.id} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
          {props.options.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
        <Icon name="down" />
      </span>
    </>
  );
}

function Reason(props: { value: string; onChange: (value: string) => void }) {
  return (
    <>
      <label for="reason">{t.dialogs.reason}</label>
      <input id="reason" class="input" dir="auto" value={props.value} onInput={(event) => props.onChange(event.currentTarget.value)} />
    </>
  );
}

const reasoned = (reason: string) => (reason.trim() === "" ? {} : { reason: reason.trim() });

function Assign() {
  const app = useApp();
  const agent = useSignal(app.conversation.ticket.peek()?.assignee?.id ?? "");
  const reason = useSignal("");
  const options = app.desk.agents.value.filter((one) => one.active).map((one) => [
    one.id,
    one.presence === undefined ? one.name : t.dialogs.agentFacts(one.name, t.presence.names[one.presence], one.load?.total ?? 0, one.capacity?.default ?? 0),
  ] as const);
  return (
    <ActForm
      title={t.actions.assign} submit={t.dialogs.assign}
      onSubmit={() => agent.value === "" ? app.act("unassign", reasoned(reason.value), t.actions.done.unassigned) : app.act("assign", { agent: agent.value, ...reasoned(reason.value) }, t.actions.done.assigned)}
    >
      <Select id="assign-agent" label={t.sidebar.assignee} value={agent.value} options={[["", t.sidebar.nobody], ...options]} onChange={(value) => (agent.value = value)} />
      <Reason value={reason.value} onChange={(value) => (reason.value = value)} />
    </ActForm>
  );
}

/** Transfer and escalate: to a queue, a team or a colleague, with a word about why. */
function Hand(props: { verb: "transfer" | "escalate" }) {
  const app = useApp();
  const to = useSignal("");
  const reason = useSignal("");
  const { queues, teams, agents } = app.desk;
  const groups: [string, string, readonly { id: string; name: string }[]][] = [
    ["queue", t.sidebar.queue, queues.value],
    ...(props.verb === "transfer" ? [["team", t.sidebar.team, teams.value] as [string, string, readonly { id: string; name: string }[]]] : []),
    ["agent", t.sidebar.assignee, agents.value.filter((agent) => agent.active)],
  ];
  const [kind = "", id = ""] = to.value.split(" ", 2);
  const words = t.dialogs[props.verb];
  return (
    <ActForm
      title={words.title} submit={words.submit} disabled={props.verb === "transfer" && id === ""}
      onSubmit={() => app.act(props.verb, { ...(id === "" ? {} : { [kind]: id }), ...reasoned(reason.value) }, t.actions.done[props.verb])}
    >
      <p class="hint">{words.hint}</p>
      <label for="hand-to">{t.dialogs.to}</label>
      <span class="select wide">
        <select id="hand-to" value={to.value} onChange={(event) => (to.value = event.currentTarget.value)}>
          <option value="">{props.verb === "escalate" ? t.dialogs.stays : t.dialogs.choose}</option>
          {groups.filter(([, , list]) => list.length > 0).map(([group, label, list]) => (
            <optgroup key={group} label={label}>{list.map((one) => <option key={one.id} value={`${group} ${one.id}`}>{one.name}</option>)}</optgroup>
          ))}
        </select>
        <Icon name="down" />
      </span>
      <Reason value={reason.value} onChange={(value) => (reason.value = value)} />
    </ActForm>
  );
}

function Tags() {
  const app = useApp();
  const ticket = app.conversation.ticket.value;
  const names = useSignal(ticket?.tags.map((tag) => tag.name) ?? []);
  const typed = useSignal("");
  const known = (app.desk.settings.value?.tags ?? []).map((tag) => tag.name).filter((name) => !names.value.includes(name));
  if (ticket === null) return null;
  const before = ticket.tags.map((tag) => tag.name);
  const add = (name: string) => {
    if (name.trim() !== "" && !names.value.includes(name.trim())) names.value = [...names.value, name.trim()];
    typed.value = "";
  };
  return (
    <ActForm
      title={t.actions.tags} submit={t.dialogs.save}
      onSubmit={() => {
        if (typed.value.trim() !== "") add(typed.value);
        const added = names.value.filter((name) => !before.includes(name));
        const removed = before.filter((name) => !names.value.includes(name));
        if (added.length + removed.length === 0) return Promise.resolve(true);
        return app.act("tags", { ...(added.length > 0 ? { add: added } : {}), ...(removed.length > 0 ? { remove: removed } : {}) }, t.actions.done.tags);
      }}
    >
      <ul class="tags editing">
        {names.value.map((name) => (
          <li key={name}>
            <bdi>{name}</bdi>
            <button type="button" aria-label={t.dialogs.removeTag(name)} onClick={() => (names.value = names.value.filter((one) => one !== name))}><Icon name="cross" /></button>
          </li>
        ))}
      </ul>
      <label for="tag-name">{t.dialogs.tag}</label>
      <input
        id="tag-name" class="input" dir="auto" list="tags-known" autocomplete="off" value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.isComposing || typed.value.trim() === "") return;
          event.preventDefault();
          add(typed.value);
        }}
      />
      <datalist id="tags-known">{known.map((name) => <option key={name} value={name} />)}</datalist>
      {known.length > 0 && <div class="tag-offers">{known.slice(0, 12).map((name) => <button key={name} type="button" class="queue" onClick={() => add(name)}><Icon name="plus" /><bdi>{name}</bdi></button>)}</div>}
    </ActForm>
  );
}

function Pick(props: { kind: "type" | "sub_state" }) {
  const app = useApp();
  const ticket = app.conversation.ticket.value;
  const settings = app.desk.settings.value;
  const options = props.kind === "type" ? (settings?.types ?? []) : (settings?.sub_states ?? []).filter((one) => one.state === ticket?.state);
  const now = (props.kind === "type" ? ticket?.type : ticket?.sub_state)?.id ?? "";
  const value = useSignal(now);
  const [title, verb, done] = props.kind === "type" ? [t.actions.type, "type", t.actions.done.type] : [t.actions.subState, "sub-state", t.actions.done.subState];
  return (
    <ActForm title={title} submit={t.dialogs.save} disabled={value.value === now} onSubmit={() => app.act(verb, { [props.kind]: value.value === "" ? null : value.value }, done)}>
      {options.length === 0 && <p class="hint">{t.dialogs.noneYet}</p>}
      <Select id="pick" label={title} value={value.value} options={[["", t.sidebar.none], ...options.map((one) => [one.id, one.name] as const)]} onChange={(chosen) => (value.value = chosen)} />
    </ActForm>
  );
}

function SubjectLine() {
  const app = useApp();
  const before = app.conversation.ticket.peek()?.subject_line ?? "";
  const value = useSignal(before);
  return (
    <ActForm
      title={t.actions.subjectLine} submit={t.dialogs.save} disabled={value.value.trim() === "" || value.value.trim() === before}
      onSubmit={() => app.act("subject-line", { subject_line: value.value.trim() }, t.actions.done.subjectLine, { ifMatch: true })}
    >
      <label for="subject-line">{t.actions.subjectLine}</label>
      <input id="subject-line" class="input" dir="auto" value={value.value} onInput={(event) => (value.value = event.currentTarget.value)} />
    </ActForm>
  );
}

function Redact(props: { message: string }) {
  const app = useApp();
  const reason = useSignal("");
  return (
    <ActForm title={t.redact.title} submit={t.redact.submit} danger onSubmit={() => app.act(`messages/${encodeURIComponent(props.message)}/redact`, reasoned(reason.value), t.redact.done)}>
      <p>{t.redact.hint}</p>
      <Reason value={reason.value} onChange={(value) => (reason.value = value)} />
    </ActForm>
  );
}

function ViewDialog(props: { view: SavedView | null }) {
  const app = useApp();
  const { view } = props;
  const name = useSignal(view?.name ?? "");
  const shared = useSignal(view?.shared ?? false);
  async function run(work: () => Promise<void>, done: string): Promise<boolean> {
    try {
      await work();
      app.notices.tell({ tone: "done", title: done });
      return true;
    } catch (cause) {
      app.notices.failed(cause);
      return false;
    }
  }
  return (
    <ActForm
      title={view === null ? t.views.save : t.views.edit} submit={t.dialogs.save} disabled={name.value.trim() === ""}
      onSubmit={() => run(() => view === null ? app.views.save(name.value.trim(), app.filter.peek(), shared.value) : app.views.rename(view, name.value.trim(), shared.value), t.views.saved)}
      aside={view !== null && (
        <button
          type="button" class="button danger" id="remove-view"
          onClick={() => void run(() => app.views.remove(view), t.views.removed).then((ok) => {
            if (!ok) return;
            close(app);
            const inbox = app.views.all.peek()[0];
            if (inbox !== undefined) app.filterBy(inbox.filter);
          })}
        >
          {t.views.remove}
        </button>
      )}
    >
      <label for="view-name">{t.views.name}</label>
      <input id="view-name" class="input" dir="auto" maxLength={60} value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />
      <label class="check">
        <input type="checkbox" checked={shared.value} onChange={(event) => (shared.value = event.currentTarget.checked)} />
        {t.views.shared}
      </label>
    </ActForm>
  );
}

function Snooze() {
  const app = useApp();
  const now = app.clock.read();
  const value = useSignal(localInput(now + 24 * 3_600_000));
  const past = useSignal(false);
  function submit(event: Event) {
    event.preventDefault();
    const until = new Date(value.value).getTime();
    past.value = !(until > app.clock.read());
    if (past.value) return;
    close(app);
    app.snooze(until);
  }
  return (
    <DialogFrame title={t.snooze.title} class="snooze">
      <form onSubmit={submit}>
        <label for="snooze-until">{t.snooze.time}</label>
        <input
          id="snooze-until" type="datetime-local" required min={localInput(now)} value={value.value}
          aria-invalid={past.value} onInput={(event) => (value.value = event.currentTarget.value)}
        />
        {past.value && <p class="field-error" role="alert">{t.snooze.past}</p>}
        <DialogFoot submit={t.snooze.submit} />
      </form>
    </DialogFrame>
  );
}
