// Who answers: their role, what they speak and know, and how much each takes at a time.

import { useApp } from "../app";
import type { Agent } from "../api/types";
import { t } from "../text/catalogue";
import { languageName } from "../text/format";
import { words } from "../text/words_settings";
import { CheckField, Entry, SelectField, SendForm, TextField, type Held } from "./settings_form";

const roles = ["agent", "lead", "admin"].map((role) => [role, words.roles[role]!] as const);

/** `before`: what there was; a new agent is sent only what was filled in. */
function bodyOf(form: Held, teams: readonly { id: string; name: string }[], before: Agent | null) {
  const capacity: Record<string, number> = { ...(before?.capacity ?? {}) };
  for (const [channel, name] of [["default", "capacity"], ["chat", "capacity_chat"]] as const) {
    const value = form.number(name);
    if (value === null) delete capacity[channel];
    else capacity[channel] = value;
  }
  const chosen = teams.filter((team) => form.on(`team:${team.id}`)).map((team) => team.id);
  const body = {
    name: form.text("name"), email: form.text("email"), role: form.text("role"), languages: form.list("languages"), skills: form.list("skills"),
    teams: chosen, capacity,
  };
  const empty = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0) || (typeof value === "object" && !Array.isArray(value) && Object.keys(value ?? {}).length === 0);
  return before === null ? Object.fromEntries(Object.entries(body).filter(([, value]) => !empty(value))) : Object.fromEntries(Object.entries(body).filter(([name, value]) => name !== "email" || value !== null));
}

function Fields(props: { agent: Agent | null }) {
  const app = useApp();
  const { agent } = props;
  const teams = app.desk.teams.value;
  return (
    <div class="form-grid">
      <TextField label={words.name} name="name" required value={agent?.name ?? ""} />
      <TextField label={words.email} name="email" type="email" value={agent?.email ?? ""} />
      <SelectField label={words.role} name="role" value={agent?.role ?? "agent"} options={roles} />
      <TextField label={words.languages} hint={words.languagesHint} name="languages" value={agent?.languages?.join(", ") ?? ""} />
      <TextField label={words.skills} hint={words.skillsHint} name="skills" value={agent?.skills?.map((skill) => skill.name).join(", ") ?? ""} />
      <TextField label={words.capacity} name="capacity" type="number" min={0} value={agent?.capacity?.default?.toString() ?? ""} />
      <TextField label={words.capacityChat} name="capacity_chat" type="number" min={0} value={agent?.capacity?.chat?.toString() ?? ""} />
      {teams.length > 0 && (
        <fieldset class="radios"><legend>{words.teams}</legend>
          {teams.map((team) => <CheckField key={team.id} label={team.name} name={`team:${team.id}`} checked={agent?.teams?.some((one) => one.id === team.id) === true} />)}
        </fieldset>
      )}
    </div>
  );
}

export function AgentsPage() {
  const app = useApp();
  const { agents, teams } = app.desk;
  const again = (atLeast?: string) => Promise.all([app.desk.readAgents(atLeast), app.desk.readTeams(atLeast)]);
  return (
    <>
      {agents.value.length === 0 && <p class="hint">{words.empty.agents}</p>}
      <ul class="entries">
        {agents.value.map((agent) => (
          <Entry
            key={agent.id} title={agent.name}
            facts={<>
              <span>{words.roles[agent.role] ?? agent.role}</span>
              {!agent.active && <span class="chip">{words.inactive}</span>}
              {agent.presence !== undefined && <span>{t.presence.names[agent.presence]}</span>}
              {(agent.languages ?? []).map((tag) => <span key={tag} class="chip">{languageName(tag)}</span>)}
              {(agent.skills ?? []).map((skill) => <span key={skill.id} class="chip" dir="auto">{skill.name}</span>)}
            </>}
            form={(close) => (
              <SendForm
                label={agent.name} submit={words.save} onTaken={close}
                onSend={(form) => app.command(`/v1/agents/${encodeURIComponent(agent.id)}`, bodyOf(form, teams.peek(), agent), words.done.changed, again)}
                aside={agent.active && agent.id !== app.me.value && (
                  <button type="button" class="button danger" onClick={() => void app.command(`/v1/agents/${encodeURIComponent(agent.id)}/deactivate`, {}, words.deactivated, again).then((ok) => ok && close())}>{words.deactivate}</button>
                )}
              >
                <Fields agent={agent} />
              </SendForm>
            )}
          />
        ))}
      </ul>
      <section class="panel">
        <h2>{words.add}</h2>
        <SendForm label={words.add} submit={words.add} clears onSend={(form) => app.command("/v1/agents", bodyOf(form, teams.peek(), null), words.done.added, again)}><Fields agent={null} /></SendForm>
      </section>
      <section class="panel">
        <h2>{words.teams}</h2>
        <ul class="entries">{teams.value.map((team) => <Entry key={team.id} title={team.name} />)}</ul>
        <SendForm label={words.newTeam} submit={words.add} clears onSend={(form) => app.command("/v1/teams", { name: form.text("name") }, words.done.added, app.desk.readTeams)}>
          <TextField label={words.newTeam} name="name" required />
        </SendForm>
      </section>
    </>
  );
}
