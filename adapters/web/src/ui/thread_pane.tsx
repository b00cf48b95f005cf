// One conversation: what it is, what can be done with it, everything that happened in it, and where to answer. Looked
// at as of an earlier version it shows what was known then, and offers nothing to do.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { useApp } from "../app";
import type { Entry, Ticket } from "../api/types";
import { arrange } from "../state/timeline";
import { t } from "../text/catalogue";
import { dayName, isolate, langOf, moment, span } from "../text/format";
import { Actions } from "./actions";
import { Acts } from "./acts";
import { isOver } from "./commands";
import { Composer } from "./composer";
import { HistoryBar } from "./history_bar";
import { Icon } from "./icons";
import { Message, OutgoingMessage } from "./message";
import { channelName, Empty, Name, PersonalText, PriorityMark, ResponseChip, StateChip } from "./parts";
import { Skeleton } from "./skeleton";
import { Trouble } from "./trouble";

export function ThreadPane() {
  const app = useApp();
  const { conversation, history } = app;
  const present = conversation.ticket.value;
  const past = history.past.value;
  const ticket = past?.ticket ?? present;
  // From the moment the past is asked for nothing can be done, also while it is still on its way.
  const back = !app.present.value;
  const status = conversation.status.value;

  return (
    <main class="thread-pane" id="thread" tabIndex={-1} aria-label={t.thread.label}>
      {conversation.id.value === null && <Empty icon="chat" title={t.thread.pickTitle}><p>{t.thread.pickHint}</p></Empty>}
      {conversation.id.value !== null && present === null && (
        <>
          <header class="thread-head"><BackLink /></header>
          {status === "missing" && <Empty icon="alert" title={t.thread.missingTitle}><p>{t.thread.missingHint}</p></Empty>}
          {status === "failed" && <Trouble title={t.thread.failed} problem={conversation.problem.value} onRetry={app.retryNow} />}
          {status === "loading" && <Skeleton />}
        </>
      )}
      {present !== null && ticket !== null && (
        <>
          <Head ticket={ticket} past={back} />
          <HistoryBar present={present} />
          <Timeline key={present.id} ticket={ticket} entries={past?.entries ?? conversation.entries.value} past={past !== null} />
          {!back && <Others />}
          {!back && <Composer key={`composer:${present.id}`} ticket={present} />}
        </>
      )}
    </main>
  );
}

function BackLink() {
  const app = useApp();
  return (
    <a class="action back" href={app.addressOf(null)} aria-label={t.thread.back} title={t.thread.back}>
      <Icon name="back" class="mirrored" />
    </a>
  );
}

function Head(props: { ticket: Ticket; past: boolean }) {
  const app = useApp();
  const { ticket } = props;
  const { settings } = app;
  const details = settings.details.value;
  const list = settings.list.value;
  return (
    <header class="thread-head">
      <BackLink />
      <button
        type="button" class="action toggle-list" id="toggle-list" aria-expanded={list} aria-controls="list" aria-label={t.commands.toggleList} title={t.commands.toggleList}
        onClick={() => (settings.list.value = !list)}
      >
        <Icon name="list_view" class="mirrored" />
      </button>
      <div class="thread-title">
        <h2>
          <PersonalText personal={ticket.personal} erasedOn={ticket.erased_on}>
            {ticket.subject_line !== null && ticket.subject_line !== ""
              ? <span dir="auto" lang={langOf(ticket.language)}>{ticket.subject_line}</span>
              : <Name name={ticket.requester.name} otherwise={t.thread.noSubject} />}
          </PersonalText>
        </h2>
        <p class="thread-facts">
          <span class="number">{t.thread.number(ticket.number)}</span>
          <StateChip state={ticket.state} />
          {ticket.sub_state != null && <span class="chip" dir="auto">{ticket.sub_state.name}</span>}
          <ResponseChip ticket={ticket} />
          <PriorityMark priority={ticket.priority} />
          {ticket.escalated === true && !isOver(ticket) && <span class="chip priority-high"><Icon name="flame" />{t.thread.escalated}</span>}
          <Standing ticket={ticket} />
          <span class="fact">{channelName(ticket.channel)}{ticket.account !== null && <> · <bdi>{ticket.account}</bdi></>}</span>
        </p>
      </div>
      {!props.past && <Actions ticket={ticket} />}
      <button
        type="button" class="action" id="toggle-details" aria-expanded={details} aria-controls="details"
        aria-label={details ? t.thread.hideDetails : t.thread.details} title={details ? t.thread.hideDetails : t.thread.details}
        onClick={() => (settings.details.value = !details)}
      >
        <Icon name="panel" class="mirrored" />
      </button>
    </header>
  );
}

/** The one sentence about time that matters in this state. */
function Standing(props: { ticket: Ticket }) {
  const { clock } = useApp();
  const { ticket } = props;
  const now = clock.now.value;
  let text = "";
  if (ticket.state === "snoozed" && ticket.snoozed_until !== null) text = t.thread.snoozedUntil(moment(Date.parse(ticket.snoozed_until), now));
  else if (ticket.state === "resolved" && ticket.closes_at !== null) text = t.thread.closes(moment(Date.parse(ticket.closes_at), now));
  else if (ticket.unanswered_since !== null && !isOver(ticket)) text = t.thread.unanswered(span(now - Date.parse(ticket.unanswered_since)));
  return text === "" ? null : <span class="fact">{text}</span>;
}

/** Colleagues who are at the same conversation; whoever is writing there should be seen before one writes too. */
function Others() {
  const app = useApp();
  const others = useComputed(() => (app.live.viewers.value.get(app.conversation.id.value ?? "") ?? []).filter((one) => one.agent.id !== app.me.value)).value;
  if (others.length === 0) return null;
  const writing = others.filter((one) => one.state === "typing").map((one) => isolate(one.agent.name));
  const looking = others.filter((one) => one.state !== "typing").map((one) => isolate(one.agent.name));
  return (
    <div class={`others-here ${writing.length > 0 ? "writing" : ""}`} id="others-here" role="status">
      <Icon name={writing.length > 0 ? "pencil" : "eye"} />
      <span>{[writing.length > 0 ? t.collision.typing(writing) : "", looking.length > 0 ? t.collision.viewing(looking) : ""].filter(Boolean).join(" ")}</span>
    </div>
  );
}

/** Within this of the end, an agent reads the newest and is kept there. */
const at_end_px = 80;

function Timeline(props: { ticket: Ticket; entries: Entry[]; past: boolean }) {
  const app = useApp();
  const { conversation, outbox } = app;
  const { entries } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const blocks = useMemo(() => arrange(entries), [entries]);
  const outgoing = useComputed(() => outbox.items.value.filter((item) => item.conversation === props.ticket.id)).value;
  // Whatever the timeline shows by now is not shown a second time from the outbox.
  const shown = useMemo(() => new Set(entries.map((entry) => entry.id)), [entries]);
  useEffect(() => {
    if (!props.past) outbox.seen(shown);
  }, [shown, outgoing]);
  const waiting = props.past ? [] : outgoing.filter((item) => item.messageId === null || !shown.has(item.messageId));
  const today = app.clock.now.peek();

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && atEnd.peek()) box.scrollTop = box.scrollHeight;
  }, [entries, waiting.map((item) => item.state).join(" ")]);

  useEffect(() => {
    // The composer grows and shrinks below; who was at the end stays there.
    const box = scroller.current;
    if (box === null) return;
    const resized = new ResizeObserver(() => {
      if (atEnd.peek()) box.scrollTop = box.scrollHeight;
    });
    resized.observe(box);
    return () => resized.disconnect();
  }, []);

  return (
    <div class={`timeline-box ${props.past ? "past" : ""}`}>
      <div
        class="timeline" id="timeline" ref={scroller} tabIndex={0} role="region" aria-label={t.thread.timeline}
        onScroll={(event) => {
          const box = event.currentTarget;
          atEnd.value = box.scrollHeight - box.scrollTop - box.clientHeight < at_end_px;
        }}
      >
        {blocks.map((block) => {
          switch (block.is) {
            case "day": return <h3 key={block.key} class="day"><span>{dayName(block.at, today)}</span></h3>;
            case "acts": return <Acts key={block.key} entries={block.entries} />;
            case "message": return <Message key={block.key} entry={block.entry} first={block.first} ticket={props.ticket} past={props.past} />;
          }
        })}
        {!props.past && conversation.hasMore.value && (
          <button type="button" class="button timeline-more" onClick={() => void conversation.more().catch(() => undefined)}>{t.thread.more}</button>
        )}
        {waiting.map((item) => <OutgoingMessage key={item.key} item={item} />)}
      </div>
      {!atEnd.value && (
        <button
          type="button" class="pill jump"
          onClick={() => scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "smooth" })}
        >
          <Icon name="arrow_down" />{t.thread.jump}
        </button>
      )}
    </div>
  );
}
