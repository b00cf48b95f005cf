// What is known around the open conversation. Each card is drawn from what is there; none waits for another.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import type { Listing, Ticket } from "../api/types";
import { formatRoute } from "../state/route";
import { t } from "../text/catalogue";
import { full, languageName, moment, span } from "../text/format";
import { channelIcon, Icon } from "./icons";
import { Age, Avatar, channelName, Name, PersonalText, priorityName, ResponseChip, StateChip } from "./parts";

export function Sidebar() {
  const app = useApp();
  const ticket = app.conversation.ticket.value;
  if (ticket === null || !app.settings.details.value) return null;
  const others = ticket.participants?.filter((one) => one.id !== ticket.requester.id) ?? [];
  return (
    <aside class="sidebar" id="details" aria-label={t.sidebar.label}>
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
        </p>
        {others.length > 0 && <p class="hint">{t.sidebar.participants}: {others.map((one, at) => <>{at > 0 && ", "}<Name name={one.name} otherwise={t.list.noName} /></>)}</p>}
      </section>
      <TicketCard ticket={ticket} />
      <ResponseCard ticket={ticket} />
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
      <Others key={ticket.requester.id ?? ticket.id} ticket={ticket} />
    </aside>
  );
}

function Card(props: { title: string; children: ComponentChildren }) {
  return <section class="card"><h3>{props.title}</h3>{props.children}</section>;
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
              // What the server says is what is shown, also when it refuses.
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

function TicketCard(props: { ticket: Ticket }) {
  const app = useApp();
  const { ticket } = props;
  const busy = app.commanding.value;
  const withCurrent = (options: [string, string][], current: { id: string; name: string } | null): [string, string][] =>
    current === null || options.some(([id]) => id === current.id) ? options : [...options, [current.id, current.name]];
  const agents = withCurrent(app.agents.value.filter((agent) => agent.active).map((agent) => [agent.id, agent.name]), ticket.assignee);
  const queues = withCurrent(app.queues.value.map((queue) => [queue.id, queue.name]), ticket.queue);

  return (
    <Card title={t.sidebar.ticket}>
      <dl>
        <Fact label={t.sidebar.state}><StateChip state={ticket.state} /></Fact>
        <Choice
          id="choose-assignee" label={t.sidebar.assignee} value={ticket.assignee?.id ?? ""} disabled={busy}
          options={[["", t.sidebar.nobody], ...agents]}
          onChoose={(agent) => void (agent === ""
            ? app.act("unassign", {}, t.actions.done.unassigned)
            : app.act("assign", { agent }, t.actions.done.assigned))}
        />
        <Choice
          id="choose-queue" label={t.sidebar.queue} value={ticket.queue?.id ?? ""} disabled={busy}
          options={ticket.queue === null ? [["", t.sidebar.noQueue], ...queues] : queues}
          onChoose={(queue) => void (queue !== "" && app.act("assign", { queue }, t.actions.done.queue))}
        />
        <Choice
          id="choose-priority" label={t.sidebar.priority} value={ticket.priority} disabled={busy}
          options={["low", "normal", "high", "urgent"].map((priority) => [priority, priorityName(priority)])}
          onChoose={(priority) => void app.act("priority", { priority }, t.actions.done.priority)}
        />
        <Fact label={t.sidebar.language}>{ticket.language === "und" ? t.sidebar.unknownLanguage : languageName(ticket.language)}</Fact>
        <Fact label={t.sidebar.tags}>
          {ticket.tags.length === 0
            ? <span class="unnamed">{t.sidebar.noTags}</span>
            : <ul class="tags">{ticket.tags.map((tag) => <li key={tag.id}><bdi>{tag.name}</bdi></li>)}</ul>}
        </Fact>
      </dl>
    </Card>
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

const others_max = 6;

/** The same customer's other conversations. A card that cannot be filled is left out, not reported. */
function Others(props: { ticket: Ticket }) {
  const app = useApp();
  const others = useSignal<Ticket[] | null>(null);
  const subject = props.ticket.requester.id;
  useEffect(() => {
    if (subject === null) return;
    let here = true;
    app.client
      .read<Listing<Ticket>>("/v1/conversations", { subject, sort: "newest", limit: String(others_max) })
      .then((listing) => here && (others.value = listing.data), () => undefined);
    return () => void (here = false);
  }, [subject]);
  const shown = others.value?.filter((one) => one.id !== props.ticket.id) ?? [];
  if (others.value === null) return null;
  return (
    <Card title={t.sidebar.others}>
      {shown.length === 0 && <p class="unnamed">{t.sidebar.noOthers}</p>}
      <ul class="others">
        {shown.map((one) => (
          <li key={one.id}>
            <a href={formatRoute(one.id, app.filter.value)}>
              <span class="others-title" dir="auto">{one.subject_line ?? one.preview ?? t.thread.number(one.number)}</span>
              <span class="others-facts"><StateChip state={one.state} /><Age at={one.last_message_at ?? one.created_at} /></span>
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}
