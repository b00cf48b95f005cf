// What is known around the open conversation. Each card is drawn from what is there; none waits for another, and those
// that are read for themselves say how old they are.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import type { Assignment, Field, FieldValue, Listing, Named, Subject, Ticket } from "../api/types";
import { t } from "../text/catalogue";
import { full, isolate, languageName, moment, span } from "../text/format";
import { show } from "./commands";
import { channelIcon, Icon } from "./icons";
import { Age, Avatar, channelName, Name, PersonalText, priorityName, ResponseChip, StateChip } from "./parts";
import { Trouble } from "./trouble";

export function Sidebar() {
  const app = useApp();
  const present = app.conversation.ticket.value;
  const past = app.history.past.value;
  const ticket = past?.ticket ?? present;
  const frozen = !app.present.value;
  if (ticket === null || !app.settings.details.value) return null;
  return (
    <aside class="sidebar" id="details" tabIndex={0} aria-label={t.sidebar.label}>
      <button type="button" class="action details-close" aria-label={t.thread.hideDetails} title={t.thread.hideDetails} onClick={() => (app.settings.details.value = false)}><Icon name="cross" /></button>
      <Customer key={ticket.requester.id ?? ticket.id} ticket={ticket} />
      <TicketCard ticket={ticket} frozen={frozen} />
      <FieldsCard ticket={ticket} frozen={frozen} />
      <ResponseCard ticket={ticket} />
      <Ratings ticket={ticket} />
      <Assignments key={`assignments:${ticket.id}`} ticket={ticket} />
      <Card title={t.sidebar.messages}>
        <ul class="counts">
          <li><strong>{ticket.messages.received}</strong>{t.sidebar.received}</li>
          <li><strong>{ticket.messages.replied}</strong>{t.sidebar.replied}</li>
          <li><strong>{ticket.messages.notes}</strong>{t.sidebar.notes}</li>
          <li><strong>{ticket.reopened}</strong>{t.sidebar.reopened}</li>
        </ul>
      </Card>
      <Card title={t.sidebar.times}>
        <dl>
          <When label={t.sidebar.created} at={ticket.created_at} />
          <When label={t.sidebar.lastMessage} at={ticket.last_message_at} />
          <When label={t.sidebar.resolved} at={ticket.resolved_at} />
        </dl>
      </Card>
      <Others key={`others:${ticket.requester.id ?? ticket.id}`} ticket={ticket} />
    </aside>
  );
}

function Card(props: { title: string; age?: string | undefined; children: ComponentChildren }) {
  return (
    <section class="card">
      <h3>{props.title}{props.age !== undefined && <Age at={props.age} />}</h3>
      {props.children}
    </section>
  );
}

function Fact(props: { label: string; children: ComponentChildren }) {
  return <div><dt>{props.label}</dt><dd>{props.children}</dd></div>;
}

function When(props: { label: string; at: string | null }) {
  const { clock } = useApp();
  if (props.at === null) return null;
  const at = Date.parse(props.at);
  return <Fact label={props.label}><time dateTime={props.at} title={full(at)}>{moment(at, clock.now.value)}</time></Fact>;
}

/** Something read for one card alone. A card that cannot be filled says why, and the others stand. */
function useRead<T>(read: () => Promise<T>, of: readonly unknown[], againMs?: number): { data: T | null; at: string | undefined; problem: unknown } {
  const app = useApp();
  const state = useSignal<{ data: T | null; at: string | undefined; problem: unknown }>({ data: null, at: undefined, problem: null });
  useEffect(() => {
    let here = true;
    const get = () => read().then(
      (data) => here && (state.value = { data, at: new Date(app.clock.read()).toISOString(), problem: null }),
      (problem) => here && (state.value = { ...state.peek(), problem }),
    );
    void get();
    const later = againMs === undefined ? undefined : setTimeout(() => void get(), againMs);
    return () => {
      here = false;
      clearTimeout(later);
    };
  }, of);
  return state.value;
}

function Customer(props: { ticket: Ticket }) {
  const app = useApp();
  const { ticket } = props;
  const id = ticket.requester.id;
  const { data } = useRead<Subject | null>(async () => (id === null ? null : app.client.read<Subject>(`/v1/subjects/${encodeURIComponent(id)}`)), [id, ticket.personal]);
  const others = ticket.participants?.filter((one) => one.id !== ticket.requester.id) ?? [];
  return (
    <section class="card who">
      <Avatar id={ticket.requester.id ?? ticket.id} name={ticket.requester.name} size="large" />
      <h2>
        <PersonalText personal={ticket.personal} erasedOn={ticket.erased_on}>
          <Name name={ticket.requester.name} otherwise={t.list.noName} />
        </PersonalText>
      </h2>
      <p class="who-facts">
        <Icon name={channelIcon(ticket.channel)} />{channelName(ticket.channel)}
        {ticket.account !== null && <> · <bdi>{ticket.account}</bdi></>}
        {ticket.language !== "und" && <> · {languageName(ticket.language)}</>}
      </p>
      {data !== null && data.identities.length > 0 && (
        <ul class="identities" aria-label={t.sidebar.identities}>
          {data.identities.map((identity, at) => (
            <li key={at}>
              <Icon name={channelIcon(identity.channel)} /><span class="hidden">{channelName(identity.channel)}</span>
              {identity.address === null ? <PersonalText personal={data.personal} erasedOn={data.erased_on}>–</PersonalText> : <bdi>{identity.address}</bdi>}
            </li>
          ))}
        </ul>
      )}
      {data !== null && data.conversations.length > 1 && <p class="hint">{t.sidebar.otherCount(data.conversations.length)}</p>}
      {others.length > 0 && <p class="hint">{t.sidebar.participants}: {others.map((one, at) => <>{at > 0 && ", "}<Name name={one.name} otherwise={t.list.noName} /></>)}</p>}
    </section>
  );
}

function Choice(props: { id: string; label: string; value: string; options: [string, string][]; disabled: boolean; onChoose: (value: string) => void }) {
  return (
    <div>
      <dt><label for={props.id}>{props.label}</label></dt>
      <dd>
        <span class="select">
          <select
            id={props.id} value={props.value} disabled={props.disabled}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              // What is shown is what the server says; it changes when the command has been taken.
              event.currentTarget.value = props.value;
              props.onChoose(chosen);
            }}
          >
            {props.options.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          </select>
          <Icon name="down" />
        </span>
      </dd>
    </div>
  );
}

function TicketCard(props: { ticket: Ticket; frozen: boolean }) {
  const app = useApp();
  const { ticket, frozen } = props;
  const disabled = app.commanding.value || frozen;
  const settings = app.desk.settings.value;
  // Whoever holds it may have left the lists since.
  const withCurrent = (options: [string, string][], current: Named | null | undefined): [string, string][] =>
    current == null || options.some(([id]) => id === current.id) ? options : [...options, [current.id, current.name]];
  const named = (list: readonly Named[] | undefined): [string, string][] => (list ?? []).map((one) => [one.id, one.name]);
  const agents = withCurrent(named(app.desk.agents.value.filter((agent) => agent.active)), ticket.assignee);
  const queues = withCurrent(named(app.desk.queues.value), ticket.queue);
  const types = withCurrent(named(settings?.types), ticket.type);
  const subStates = withCurrent(named(settings?.sub_states?.filter((one) => one.state === ticket.state)), ticket.sub_state);

  return (
    <Card title={t.sidebar.ticket}>
      <dl>
        <Fact label={t.sidebar.state}><StateChip state={ticket.state} /></Fact>
        {subStates.length > 0 && (
          <Choice
            id="choose-sub-state" label={t.sidebar.subState} value={ticket.sub_state?.id ?? ""} disabled={disabled} options={[["", t.sidebar.none], ...subStates]}
            onChoose={(id) => void app.act("sub-state", { sub_state: id === "" ? null : id }, t.actions.done.subState)}
          />
        )}
        <Choice
          id="choose-assignee" label={t.sidebar.assignee} value={ticket.assignee?.id ?? ""} disabled={disabled}
          options={[["", t.sidebar.nobody], ...agents]}
          onChoose={(agent) => void (agent === ""
            ? app.act("unassign", {}, t.actions.done.unassigned)
            : app.act("assign", { agent }, t.actions.done.assigned))}
        />
        <Choice
          id="choose-queue" label={t.sidebar.queue} value={ticket.queue?.id ?? ""} disabled={disabled}
          options={ticket.queue === null ? [["", t.sidebar.noQueue], ...queues] : queues}
          onChoose={(queue) => void (queue !== "" && app.act("assign", { queue }, t.actions.done.queue))}
        />
        {ticket.team != null && <Fact label={t.sidebar.team}><bdi>{ticket.team.name}</bdi></Fact>}
        <Choice
          id="choose-priority" label={t.sidebar.priority} value={ticket.priority} disabled={disabled}
          options={["low", "normal", "high", "urgent"].map((priority) => [priority, priorityName(priority)])}
          onChoose={(priority) => void app.act("priority", { priority }, t.actions.done.priority)}
        />
        {types.length > 0 && (
          <Choice
            id="choose-type" label={t.sidebar.type} value={ticket.type?.id ?? ""} disabled={disabled} options={[["", t.sidebar.none], ...types]}
            onChoose={(id) => void app.act("type", { type: id === "" ? null : id }, t.actions.done.type)}
          />
        )}
        <Fact label={t.sidebar.language}>{ticket.language === "und" ? t.sidebar.unknownLanguage : languageName(ticket.language)}</Fact>
        <Fact label={t.sidebar.tags}>
          <span class="tags-line">
            {ticket.tags.length === 0
              ? <span class="unnamed">{t.sidebar.noTags}</span>
              : <ul class="tags">{ticket.tags.map((tag) => <li key={tag.id}><bdi>{tag.name}</bdi></li>)}</ul>}
            {!frozen && <button type="button" class="quiet" id="edit-tags" aria-label={t.actions.tags} title={t.actions.tags} onClick={() => show(app, "tags")}><Icon name="pencil" /></button>}
          </span>
        </Fact>
      </dl>
    </Card>
  );
}

/** The workspace's own fields. Each is saved when it is left, with the version that was seen. */
function FieldsCard(props: { ticket: Ticket; frozen: boolean }) {
  const app = useApp();
  const fields = app.desk.settings.value?.fields ?? [];
  if (fields.length === 0) return null;
  return (
    <Card title={t.sidebar.fields}>
      <dl>
        {fields.map((field) => (
          <FieldInput key={field.id} field={field} value={props.ticket.fields?.[field.id] ?? props.ticket.fields?.[field.name] ?? null} disabled={props.frozen || app.commanding.value} />
        ))}
      </dl>
    </Card>
  );
}

function FieldInput(props: { field: Field; value: FieldValue; disabled: boolean }) {
  const app = useApp();
  const { field, value, disabled } = props;
  const id = `field-${field.id}`;
  function save(next: FieldValue) {
    if (next !== value) void app.act("fields", { fields: { [field.id]: next } }, t.actions.done.fields, { ifMatch: true });
  }
  const shown = value === null ? "" : String(value);
  const typed = {
    defaultValue: shown, disabled, placeholder: t.sidebar.none,
    onChange(event: { currentTarget: HTMLInputElement }) {
      const text = event.currentTarget.value.trim();
      save(text === "" ? null : field.kind === "number" ? Number(text) : text);
    },
  };
  return (
    <div>
      <dt><label for={id} dir="auto">{field.name}{field.required_to_resolve === true && <span class="required" title={t.sidebar.required}> *</span>}</label></dt>
      <dd>
        {field.kind === "boolean" && <input id={id} type="checkbox" checked={value === true} disabled={disabled} onChange={(event) => save(event.currentTarget.checked)} />}
        {field.kind === "choice" && (
          <span class="select">
            <select id={id} value={shown} disabled={disabled} onChange={(event) => save(event.currentTarget.value === "" ? null : event.currentTarget.value)}>
              <option value="">{t.sidebar.none}</option>
              {(field.choices ?? []).map((choice) => <option key={choice} value={choice}>{choice}</option>)}
            </select>
            <Icon name="down" />
          </span>
        )}
        {field.kind === "number" && <input key={shown} id={id} class="input" type="number" step="any" {...typed} />}
        {field.kind === "date" && <input key={shown} id={id} class="input" type="date" {...typed} />}
        {field.kind === "text" && <input key={shown} id={id} class="input" type="text" dir="auto" {...typed} />}
      </dd>
    </div>
  );
}

function ResponseCard(props: { ticket: Ticket }) {
  const { state, due_at, at, seconds } = props.ticket.first_response;
  return (
    <Card title={t.sidebar.firstResponse}>
      {state === "none" && <p class="unnamed">{t.firstResponse.none}</p>}
      {state === "withdrawn" && <p>{t.firstResponse.withdrawn}</p>}
      <ResponseChip ticket={props.ticket} long />
      <dl>
        <When label={t.sidebar.due} at={due_at} />
        <When label={t.sidebar.answered} at={at} />
        {seconds !== null && <Fact label={t.sidebar.took}>{span(seconds * 1000)}</Fact>}
      </dl>
    </Card>
  );
}

const most: Record<string, number> = { csat: 5, nps: 10, ces: 7 };

function Ratings(props: { ticket: Ticket }) {
  const ratings = props.ticket.ratings ?? [];
  if (ratings.length === 0) return null;
  return (
    <Card title={t.sidebar.ratings}>
      <ul class="ratings">
        {ratings.map((rating) => (
          <li key={`${rating.kind} ${rating.episode}`}>
            <span class="rating"><Icon name="star" />{t.ratings[rating.kind] ?? rating.kind} <strong>{t.sidebar.score(rating.score, most[rating.kind])}</strong><Age at={rating.at} /></span>
            {rating.comment !== null && rating.comment !== "" && <span class="rating-comment" dir="auto">{rating.comment}</span>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What follows from a change of the conversation is decided a moment after it, by another part of the desk. */
const decided_later_ms = 2000;

/** Why the conversation went to whom it went: every decision with those it was made between. */
function Assignments(props: { ticket: Ticket }) {
  const app = useApp();
  const open = useSignal(false);
  const { ticket } = props;
  const { data, at } = useRead<Assignment[]>(
    async () => (await app.client.read<{ data: Assignment[] }>(`/v1/conversations/${encodeURIComponent(ticket.id)}/assignments`)).data,
    [ticket.id, ticket.version],
    decided_later_ms,
  );
  if (data === null || data.length === 0) return null;
  const newest = [...data].reverse();
  return (
    <Card title={t.sidebar.assignments} age={at}>
      <ol class="assignments">
        {(open.value ? newest : newest.slice(0, 1)).map((one, index) => (
          <li key={index}>
            <p>
              <strong>{t.assignments.kinds[one.kind] ?? one.kind.replaceAll("_", " ")}</strong>
              {one.agent !== null && <> {isolate(one.agent.name)}</>} <Age at={one.at} />
            </p>
            <p class="hint">
              {one.rule != null && <>{t.assignments.rule(t.rules[one.rule.kind] ?? one.rule.kind)} </>}
              {one.reason != null && one.reason !== "" && one.reason !== one.rule?.kind && <bdi>{one.reason}</bdi>}
            </p>
            {one.candidates !== undefined && one.candidates.length > 0 && (
              <details>
                <summary>{t.assignments.candidates(one.candidates.length)}</summary>
                <ul class="candidates">
                  {one.candidates.map((candidate) => (
                    <li key={candidate.agent.id} class={candidate.excluded === null ? "" : "excluded"}>
                      <bdi>{candidate.agent.name}</bdi>
                      <span>{candidate.excluded === null ? t.assignments.load(candidate.load, candidate.capacity) : (t.assignments.excluded[candidate.excluded] ?? candidate.excluded)}</span>
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ol>
      {newest.length > 1 && <button type="button" class="link" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>{open.value ? t.assignments.less : t.assignments.all(newest.length)}</button>}
    </Card>
  );
}

const others_max = 6;

/** The same customer's other conversations. */
function Others(props: { ticket: Ticket }) {
  const app = useApp();
  const subject = props.ticket.requester.id;
  const { data, at, problem } = useRead<Ticket[]>(async () => subject === null ? [] : (await app.client.read<Listing<Ticket>>("/v1/conversations", { subject, sort: "newest", limit: String(others_max) })).data, [subject]);
  if (data === null) return problem === null ? null : <Card title={t.sidebar.others}><Trouble title={t.sidebar.othersFailed} problem={problem} /></Card>;
  const shown = data.filter((one) => one.id !== props.ticket.id);
  return (
    <Card title={t.sidebar.others} age={at}>
      {shown.length === 0 && <p class="unnamed">{t.sidebar.noOthers}</p>}
      <ul class="others">
        {shown.map((one) => (
          <li key={one.id}>
            <a href={app.addressOf(one.id)}>
              <span class="others-title" dir="auto">{one.subject_line ?? one.preview ?? t.thread.number(one.number)}</span>
              <span class="others-facts"><StateChip state={one.state} /><Age at={one.last_message_at ?? one.created_at} /></span>
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}
