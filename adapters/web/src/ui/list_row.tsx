// One conversation in the list. It reads its own signal, so a change of one ticket draws one row.

import { useComputed, type Signal } from "@preact/signals";
import { useApp } from "../app";
import type { Ticket } from "../api/types";
import { formatRoute } from "../state/route";
import { t } from "../text/catalogue";
import { langOf } from "../text/format";
import { Icon } from "./icons";
import { Age, Avatar, channelName, Name, PersonalText, PriorityMark, ResponseChip, StateChip } from "./parts";

export function Row(props: { ticket: Signal<Ticket> }) {
  const app = useApp();
  const ticket = props.ticket.value;
  // Of what is the same for all rows each reads its own share, so that a change draws the rows it concerns.
  const selected = useComputed(() => app.conversation.id.value === props.ticket.value.id).value;
  const gone = useComputed(() => app.list.gone.value.has(props.ticket.value.id)).value;
  const unanswered = ticket.unanswered_since !== null && ticket.state !== "resolved" && ticket.state !== "closed" && ticket.state !== "spam";
  const draft = app.drafts.has(ticket.id);
  const lang = langOf(ticket.language);

  return (
    <li class={`row ${unanswered ? "unanswered" : ""} ${gone ? "gone" : ""}`} data-id={ticket.id}>
      <a
        href={formatRoute(ticket.id, app.filter.value)} aria-current={selected ? "true" : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          app.open(ticket.id);
        }}
      >
        <Avatar id={ticket.requester.id ?? ticket.id} name={ticket.requester.name} channel={ticket.channel} />
        <span class="row-body">
          <span class="row-top">
            {unanswered && <span class="unanswered-mark" title={t.list.unanswered}><span class="hidden">{t.list.unanswered}.</span></span>}
            <Name class="row-name" name={ticket.requester.name} otherwise={t.list.noName} />
            <span class="hidden">{channelName(ticket.channel)}</span>
            <Age at={ticket.last_message_at ?? ticket.created_at} />
          </span>
          <PersonalText personal={ticket.personal} erasedOn={ticket.erased_on}>
            {ticket.subject_line !== null && ticket.subject_line !== "" && <span class="row-subject" dir="auto" lang={lang}>{ticket.subject_line}</span>}
            {draft
              ? <span class="row-preview"><span class="draft"><Icon name="note" />{t.list.draft}</span></span>
              : <span class="row-preview" dir="auto" lang={lang}>{ticket.preview ?? t.list.noText}</span>}
          </PersonalText>
          <span class="row-chips">
            {gone && <span class="chip gone-mark">{t.list.gone}</span>}
            <StateChip state={ticket.state} />
            <ResponseChip ticket={ticket} />
            <PriorityMark priority={ticket.priority} />
            {ticket.assignee !== null && (
              <span class="row-assignee" title={ticket.assignee.name}>
                <Avatar id={ticket.assignee.id} name={ticket.assignee.name} size="small" />
                <span class="hidden">{ticket.assignee.name}</span>
              </span>
            )}
          </span>
        </span>
      </a>
    </li>
  );
}
