// One conversation in the list. It reads its own signal, so a change of one ticket draws one row.

import { useComputed, type Signal } from "@preact/signals";
import { useApp } from "../app";
import type { Ticket } from "../api/types";
import { t } from "../text/catalogue";
import { isolate, langOf } from "../text/format";
import { isOver } from "./commands";
import { Icon } from "./icons";
import { Age, Avatar, channelName, Name, PersonalText, PriorityMark, ResponseChip, StateChip } from "./parts";

export function Row(props: { ticket: Signal<Ticket>; at: number; of: number; top: number }) {
  const app = useApp();
  const ticket = props.ticket.value;
  // Of what is the same for all rows each reads its own share, so that a change draws the rows it concerns.
  const open = useComputed(() => app.conversation.id.value === props.ticket.value.id).value;
  const gone = useComputed(() => app.list.gone.value.has(props.ticket.value.id)).value;
  const selected = useComputed(() => app.selection.value.has(props.ticket.value.id)).value;
  const selecting = useComputed(() => app.selection.value.size > 0).value;
  const writers = useComputed(() => (app.live.viewers.value.get(props.ticket.value.id) ?? [])
    .filter((one) => one.state === "typing" && one.agent.id !== app.me.value).map((one) => one.agent.name).join(", ")).value;
  const unanswered = ticket.unanswered_since !== null && !isOver(ticket);
  const draft = app.drafts.has(ticket.id);
  const drafting = ticket.drafts?.find((one) => one.agent.id !== app.me.value)?.agent.name ?? null;
  const lang = langOf(ticket.language);

  function toggle() {
    const next = new Set(app.selection.peek());
    if (!next.delete(ticket.id)) next.add(ticket.id);
    app.selection.value = next;
  }

  const preview = writers !== ""
    ? <span class="row-preview"><span class="draft"><Icon name="pencil" />{t.list.typing(isolate(writers))}</span></span>
    : draft
      ? <span class="row-preview"><span class="draft"><Icon name="note" />{t.list.draft}</span></span>
      : drafting !== null
        ? <span class="row-preview"><span class="draft"><Icon name="note" />{t.list.drafting(isolate(drafting))}</span></span>
        : <span class="row-preview" dir="auto" lang={lang}>{ticket.preview ?? t.list.noText}</span>;

  return (
    <li
      class={`row ${unanswered ? "unanswered" : ""} ${gone ? "gone" : ""} ${selected ? "selected" : ""} ${selecting ? "selecting" : ""}`} data-id={ticket.id}
      aria-setsize={props.of} aria-posinset={props.at + 1} style={{ insetBlockStart: `${props.top}px` }}
    >
      <a
        href={app.addressOf(ticket.id)} aria-current={open ? "true" : undefined}
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
          <span class="row-text">
            <PersonalText personal={ticket.personal} erasedOn={ticket.erased_on}>
              {ticket.subject_line !== null && ticket.subject_line !== "" && <span class="row-subject" dir="auto" lang={lang}>{ticket.subject_line}</span>}
              {preview}
            </PersonalText>
          </span>
          <span class="row-chips">
            {gone && <span class="chip gone-mark">{t.list.gone}</span>}
            <StateChip state={ticket.state} />
            <ResponseChip ticket={ticket} />
            <PriorityMark priority={ticket.priority} />
            {ticket.tags.slice(0, 2).map((tag) => <span key={tag.id} class="chip tag" dir="auto">{tag.name}</span>)}
            {ticket.assignee !== null && (
              <span class="row-assignee" title={ticket.assignee.name}>
                <Avatar id={ticket.assignee.id} name={ticket.assignee.name} size="small" />
                <span class="hidden">{ticket.assignee.name}</span>
              </span>
            )}
          </span>
        </span>
      </a>
      <label class="row-select">
        <input type="checkbox" checked={selected} aria-label={t.list.select(ticket.requester.name ?? t.list.noName)} onChange={toggle} />
      </label>
    </li>
  );
}
