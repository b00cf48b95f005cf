// Where work waits, and the rule by which each queue gives it out.

import { useApp } from "../app";
import type { Queue, Rule } from "../api/types";
import { t } from "../text/catalogue";
import { words } from "../text/words_settings";
import { CheckField, Entry, SelectField, SendForm, TextField, type Held } from "./settings_form";

const kinds = ["manual", "round_robin", "least_loaded"];

function ruleOf(form: Held, skills: readonly { id: string }[]): Rule {
  return {
    kind: form.text("kind") ?? "manual", languages: form.on("languages"), skills: skills.filter((skill) => form.on(`skill:${skill.id}`)).map((skill) => skill.id),
    team: form.text("team"), offer_seconds: form.number("offer_seconds"),
  };
}

function Fields(props: { queue: Queue | null }) {
  const app = useApp();
  const { queue } = props;
  const rule = queue?.rule;
  const { teams, skills } = app.desk;
  return (
    <div class="form-grid">
      <TextField label={words.name} name="name" required value={queue?.name ?? ""} />
      <SelectField label={words.rule} name="kind" value={rule?.kind ?? "manual"} options={kinds.map((kind) => [kind, t.rules[kind]!] as const)} />
      <SelectField label={words.ruleTeam} name="team" value={rule?.team ?? ""} options={[["", words.anyTeam], ...teams.value.map((team) => [team.id, team.name] as const)]} />
      <TextField label={words.offer} hint={words.offerHint} name="offer_seconds" type="number" min={1} value={rule?.offer_seconds?.toString() ?? ""} />
      <CheckField label={words.ruleLanguages} name="languages" checked={rule?.languages === true} />
      {skills.value.length > 0 && (
        <fieldset class="radios"><legend>{words.ruleSkills}</legend>
          {skills.value.map((skill) => <CheckField key={skill.id} label={skill.name} name={`skill:${skill.id}`} checked={rule?.skills?.includes(skill.id) === true} />)}
        </fieldset>
      )}
    </div>
  );
}

export function QueuesPage() {
  const app = useApp();
  const { queues, skills } = app.desk;
  return (
    <>
      {queues.value.length === 0 && <p class="hint">{words.empty.queues}</p>}
      <ul class="entries">
        {queues.value.map((queue) => (
          <Entry
            key={queue.id} title={queue.name}
            facts={<>
              {queue.rule !== undefined && <span>{t.rules[queue.rule.kind] ?? queue.rule.kind}</span>}
              <span>{t.list.queueFacts(queue.waiting, queue.open, queue.late)}</span>
            </>}
            form={(close) => (
              <SendForm
                label={queue.name} submit={words.save} onTaken={close}
                onSend={(form) => app.command(`/v1/queues/${encodeURIComponent(queue.id)}`, { name: form.text("name"), rule: ruleOf(form, skills.peek()) }, words.done.changed, app.desk.readQueues, queue.version)}
              >
                <Fields queue={queue} />
              </SendForm>
            )}
          />
        ))}
      </ul>
      <section class="panel">
        <h2>{words.add}</h2>
        <SendForm
          label={words.add} submit={words.add} clears
          onSend={(form) => {
            const rule = ruleOf(form, skills.peek());
            return app.command("/v1/queues", { name: form.text("name"), ...(rule.kind === "manual" ? {} : { rule }) }, words.done.added, app.desk.readQueues);
          }}
        >
          <Fields queue={null} />
        </SendForm>
      </section>
    </>
  );
}
