// One conversation: what it is, what can be done with it, everything that happened in it, and where to answer.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { useApp } from "../app";
import type { Session, Ticket } from "../api/types";
import { formatRoute } from "../state/route";
import { arrange } from "../state/timeline";
import { t } from "../text/catalogue";
import { dayName, langOf, moment, span } from "../text/format";
import { Actions } from "./actions";
import { Acts } from "./acts";
import { Composer } from "./composer";
import { Icon } from "./icons";
import { Skeleton } from "./list_pane";
import { Message, OutgoingMessage } from "./message";
import { channelName, Empty, Name, PersonalText, PriorityMark, ResponseChip, StateChip } from "./parts";
import { Trouble } from "./trouble";

export function ThreadPane(props: { session: Session }) {
  const app = useApp();
  const { conversation } = app;
  const ticket = conversation.ticket.value;
  const status = conversation.status.value;

  return (
    <main class="thread-pane" id="thread" tabIndex={-1} aria-label={t.thread.label}>
      {conversation.id.value === null && <Empty icon="chat" title={t.thread.pickTitle}><p>{t.thread.pickHint}</p></Empty>}
      {conversation.id.value !== null && ticket === null && (
        <>
          <header class="thread-head"><BackLink /></header>
          {status === "missing" && <Empty icon="alert" title={t.thread.missingTitle}><p>{t.thread.missingHint}</p></Empty>}
          {status === "failed" && <Trouble title={t.thread.failed} problem={conversation.problem.value} onRetry={app.retryNow} />}
          {status === "loading" && <Skeleton />}
        </>
      )}
      {ticket !== null && (
        <>
          <Head ticket={ticket} />
          <Timeline key={ticket.id} me={props.session.principal.id} ticket={ticket} />
          <Composer key={`composer:${ticket.id}`} ticket={ticket} />
        </>
      )}
    </main>
  );
}

function BackLink() {
  const app = useApp();
  return (
    <a class="action back" href={formatRoute(null, app.filter.value)} aria-label={t.thread.back} title={t.thread.back}>
      <Icon name="back" class="mirrored" />
    </a>
  );
}

function Head(props: { ticket: Ticket }) {
  const app = useApp();
  const { ticket } = props;
  const details = app.settings.details.value;
  return (
    <header class="thread-head">
      <BackLink />
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
          <ResponseChip ticket={ticket} />
          <PriorityMark priority={ticket.priority} />
          <Standing ticket={ticket} />
          <span class="fact">{channelName(ticket.channel)}{ticket.account !== null && <> · <bdi>{ticket.account}</bdi></>}</span>
        </p>
      </div>
      <Actions ticket={ticket} />
      <button
        type="button" class="action" id="toggle-details" aria-expanded={details} aria-controls="details"
        aria-label={details ? t.thread.hideDetails : t.thread.details} title={details ? t.thread.hideDetails : t.thread.details}
        onClick={() => {
          app.settings.details.value = !details;
          app.settings.save();
        }}
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
  else if (ticket.unanswered_since !== null && ticket.state !== "resolved" && ticket.state !== "closed" && ticket.state !== "spam")
    text = t.thread.unanswered(span(now - Date.parse(ticket.unanswered_since)));
  return text === "" ? null : <span class="fact">{text}</span>;
}

/** Within this of the end, an agent reads the newest and is kept there. */
const at_end_px = 80;

function Timeline(props: { me: string; ticket: Ticket }) {
  const app = useApp();
  const { conversation, outbox } = app;
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const entries = conversation.entries.value;
  const blocks = useMemo(() => arrange(entries), [entries]);
  const outgoing = useComputed(() => outbox.items.value.filter((item) => item.conversation === props.ticket.id)).value;
  // Whatever the timeline shows by now is not shown a second time from the outbox.
  const shown = useMemo(() => new Set(entries.map((entry) => entry.id)), [entries]);
  useEffect(() => outbox.seen(shown), [shown, outgoing]);
  const waiting = outgoing.filter((item) => item.messageId === null || !shown.has(item.messageId));
  const today = app.clock.now.peek();

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && atEnd.peek()) box.scrollTop = box.scrollHeight;
  }, [entries, waiting.length]);

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
    <div class="timeline-box">
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
            case "acts": return <Acts key={block.key} entries={block.entries} me={props.me} />;
            case "message": return <Message key={block.key} entry={block.entry} first={block.first} me={props.me} ticket={props.ticket} />;
          }
        })}
        {conversation.hasMore.value && (
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
