// The workspace's own words: tags, types, states, fields, ready-made answers; and the times it has promised.

import { useApp } from "../app";
import { t } from "../text/catalogue";
import { langOf, languageName } from "../text/format";
import { words } from "../text/words_settings";
import { CheckField, Entry, SelectField, SendForm, TextField } from "./settings_form";

const inner_states = ["new", "open", "waiting_customer", "waiting_third_party", "snoozed", "resolved"];
const field_kinds = ["text", "number", "date", "choice", "boolean"];

export function TagsPage() {
  const app = useApp();
  const settings = app.desk.settings.value;
  const version = settings?.version;
  const again = app.desk.readSettings;
  const tags = settings?.tags ?? [];
  const types = settings?.types ?? [];
  const states = settings?.sub_states ?? [];
  return (
    <>
      <section class="panel">
        <h2>{words.tags}</h2>
        {tags.length === 0 && <p class="hint">{words.empty.tags}</p>}
        <ul class="tags">{tags.map((tag) => <li key={tag.id}><bdi>{tag.name}</bdi></li>)}</ul>
        <SendForm label={words.tags} submit={words.add} clears onSend={(form) => app.command("/v1/tags", { name: form.text("name") }, words.done.added, again)}>
          <TextField label={words.name} name="name" required />
        </SendForm>
      </section>
      <section class="panel">
        <h2>{words.types}</h2>
        {types.length === 0 && <p class="hint">{words.empty.types}</p>}
        <ul class="tags">{types.map((type) => <li key={type.id}><bdi>{type.name}</bdi></li>)}</ul>
        <SendForm label={words.types} submit={words.add} clears onSend={(form) => app.command("/v1/settings/types", { name: form.text("name") }, words.done.added, again, version)}>
          <TextField label={words.name} name="name" required />
        </SendForm>
      </section>
      <section class="panel">
        <h2>{words.subStates}</h2>
        {states.length === 0 && <p class="hint">{words.empty.subStates}</p>}
        <ul class="entries">{states.map((state) => <Entry key={state.id} title={state.name} facts={<span>{t.states[state.state] ?? state.state}</span>} />)}</ul>
        <SendForm label={words.subStates} submit={words.add} clears onSend={(form) => app.command("/v1/settings/sub-states", { name: form.text("name"), state: form.text("state") }, words.done.added, again, version)}>
          <div class="form-grid">
            <TextField label={words.name} name="name" required />
            <SelectField label={words.within} name="state" value="open" options={inner_states.map((state) => [state, t.states[state]!] as const)} />
          </div>
        </SendForm>
      </section>
    </>
  );
}

export function FieldsPage() {
  const app = useApp();
  const settings = app.desk.settings.value;
  const fields = settings?.fields ?? [];
  return (
    <>
      {fields.length === 0 && <p class="hint">{words.empty.fields}</p>}
      <ul class="entries">
        {fields.map((field) => (
          <Entry
            key={field.id} title={field.name}
            facts={<><span>{words.kinds[field.kind] ?? field.kind}</span>{(field.choices ?? []).map((choice) => <span key={choice} class="chip" dir="auto">{choice}</span>)}{field.required_to_resolve === true && <span>{words.required}</span>}</>}
          />
        ))}
      </ul>
      <section class="panel">
        <h2>{words.add}</h2>
        <SendForm
          label={words.add} submit={words.add} clears
          onSend={(form) => app.command("/v1/settings/fields", {
            name: form.text("name"), kind: form.text("kind"), required_to_resolve: form.on("required"),
            ...(form.text("kind") === "choice" ? { choices: form.list("choices", /\n/) } : {}),
          }, words.done.added, app.desk.readSettings, settings?.version)}
        >
          <div class="form-grid">
            <TextField label={words.name} name="name" required />
            <SelectField label={words.kind} name="kind" value="text" options={field_kinds.map((kind) => [kind, words.kinds[kind]!] as const)} />
            <TextField label={words.choices} name="choices" rows={3} />
            <CheckField label={words.required} name="required" checked={false} />
          </div>
        </SendForm>
      </section>
    </>
  );
}

export function CannedPage() {
  const app = useApp();
  const replies = app.desk.canned.value;
  const version = app.desk.settings.value?.version;
  const again = (atLeast?: string) => Promise.all([app.desk.readCanned(atLeast), app.desk.readSettings(atLeast)]);
  return (
    <>
      {replies.length === 0 && <p class="hint">{words.empty.canned}</p>}
      <ul class="entries">
        {replies.map((reply) => (
          <li key={reply.id} class="entry">
            <div class="entry-line">
              <span class="entry-title" dir="auto">{reply.name}</span>
              <span class="entry-facts"><code>/{reply.shortcut}</code>{langOf(reply.language) !== undefined && <span class="chip">{languageName(reply.language)}</span>}</span>
            </div>
            <p class="entry-text" dir="auto" lang={langOf(reply.language)}>{reply.text}</p>
          </li>
        ))}
      </ul>
      <section class="panel">
        <h2>{words.add}</h2>
        <SendForm
          label={words.add} submit={words.add} clears
          onSend={(form) => app.command("/v1/settings/canned-replies", { name: form.text("name"), shortcut: form.text("shortcut"), language: form.text("language") ?? "und", text: form.text("text") }, words.done.added, again, version)}
        >
          <div class="form-grid">
            <TextField label={words.name} name="name" required />
            <TextField label={words.shortcut} hint={words.shortcutHint} name="shortcut" required />
            <TextField label={words.language} hint={words.languagesHint} name="language" />
          </div>
          <TextField label={words.text} hint={words.placeholders} name="text" rows={5} required />
        </SendForm>
      </section>
    </>
  );
}

export function TargetsPage() {
  const app = useApp();
  const settings = app.desk.settings.value;
  if (settings === null) return null;
  const shown = (seconds: number | null, unit: number) => (seconds === null ? "" : String(seconds / unit));
  const seconds = (value: number | null, unit: number) => (value === null ? null : Math.round(value * unit));
  return (
    <section class="panel" key={settings.version}>
      <SendForm
        label={words.sections.targets!} submit={words.save}
        onSend={(form) => app.command("/v1/settings", {
          first_response_seconds: seconds(form.number("first_response"), 60), auto_close_seconds: seconds(form.number("auto_close"), 3600),
          reopen_window_seconds: seconds(form.number("reopen_window"), 86_400) ?? settings.reopen_window_seconds,
        }, words.done.changed, app.desk.readSettings, settings.version)}
      >
        <div class="form-grid">
          <TextField label={words.firstResponse} hint={words.never} name="first_response" type="number" min={0} value={shown(settings.first_response_seconds, 60)} />
          <TextField label={words.autoClose} hint={words.neverClose} name="auto_close" type="number" min={0} value={shown(settings.auto_close_seconds, 3600)} />
          <TextField label={words.reopenWindow} name="reopen_window" type="number" min={0} required value={shown(settings.reopen_window_seconds, 86_400)} />
        </div>
      </SendForm>
    </section>
  );
}
