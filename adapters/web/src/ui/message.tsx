// One message or note. Text goes into text nodes and nowhere else; each carries its own language and direction.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { useApp } from "../app";
import type { Attachment, Entry, Ticket } from "../api/types";
import type { Outgoing } from "../state/outbox";
import { actorName } from "../text/acts";
import { t } from "../text/catalogue";
import { clock as clockOf, full, langOf, size } from "../text/format";
import { htmlToText, splitQuote } from "../text/plain";
import { Icon, type IconName } from "./icons";
import { Avatar, Name, PersonalText } from "./parts";

const deliveryIcons: Record<string, IconName> = { queued: "clock", sent: "check", delivered: "checks", read: "checks", failed: "alert" };

export function Message(props: { entry: Entry; first: boolean; me: string; ticket: Ticket }) {
  const { entry, first, me, ticket } = props;
  const side = entry.kind === "note" ? "note" : entry.direction === "out" ? "out" : "in";
  const at = Date.parse(entry.at);
  const author = side === "in" ? (entry.from?.name ?? entry.actor.name) : actorName(entry, me);
  const delivery = side === "out" ? (entry.delivery ?? "") : "";
  // A mail's own subject is worth a line only where it is not the conversation's.
  const subject = entry.subject != null && entry.subject !== "" && entry.subject !== ticket.subject_line ? entry.subject : null;

  return (
    <article class={`message ${side} ${first ? "first" : ""}`} data-id={entry.id} data-kind={entry.kind}>
      {side !== "note" && (first ? <Avatar id={entry.from?.id ?? entry.actor.id ?? entry.actor.kind} name={side === "in" ? author : entry.actor.name} /> : <span class="avatar-space" />)}
      <div class="bubble">
        {(first || side === "note") && (
          <header>
            {side === "note" && <span class="note-mark"><Icon name="lock" />{t.thread.note}</span>}
            <Name class="author" name={author} otherwise={t.thread.customer} />
            {side === "note" && <span class="note-hint">{t.thread.noteHint}</span>}
          </header>
        )}
        <PersonalText personal={entry.personal} erasedOn={entry.erased_on}>
          {subject !== null && <p class="subject" dir="auto" lang={langOf(entry.language)}>{subject}</p>}
          <Body text={entry.text ?? ""} html={entry.html === true} lang={langOf(entry.language)} />
        </PersonalText>
        {entry.attachments !== undefined && entry.attachments.length > 0 && <Attachments list={entry.attachments} />}
        <footer>
          <time dateTime={entry.at} title={full(at)}>{clockOf(at)}</time>
          {deliveryIcons[delivery] !== undefined && (
            <span class={`delivery delivery-${delivery}`} title={t.thread.delivery[delivery]}>
              <Icon name={deliveryIcons[delivery]} /><span class="hidden">{t.thread.delivery[delivery]}</span>
            </span>
          )}
        </footer>
      </div>
    </article>
  );
}

function Body(props: { text: string; html: boolean; lang: string | undefined }) {
  const { own, quote } = useMemo(() => splitQuote(props.html ? htmlToText(props.text) : props.text), [props.text, props.html]);
  const open = useSignal(false);
  if (own.trim() === "") return <p class="text unnamed">{t.list.noText}</p>;
  return (
    <>
      <p class="text" dir="auto" lang={props.lang}>{own}</p>
      {quote !== "" && (
        <>
          <button type="button" class="quote-toggle" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
            {open.value ? t.thread.hideQuote : t.thread.showQuote}
          </button>
          {open.value && <p class="text quote" dir="auto" lang={props.lang}>{quote}</p>}
        </>
      )}
    </>
  );
}

function Attachments(props: { list: Attachment[] }) {
  return (
    <ul class="attachments" aria-label={t.thread.attachments}>
      {props.list.map((one, at) => (
        <li key={at} title={one.type}>
          <Icon name="clip" /><bdi>{one.name}</bdi><span>{size(one.size)}</span>
        </li>
      ))}
    </ul>
  );
}

/** A message the server has not shown in the timeline yet. */
export function OutgoingMessage(props: { item: Outgoing }) {
  const app = useApp();
  const { item } = props;
  const words = { sending: t.thread.sending, waiting: t.thread.waiting, failed: t.thread.notSent, sent: t.thread.sending };

  function edit() {
    const taken = app.outbox.take(item.key);
    if (taken === undefined) return;
    const draft = app.drafts.of(item.conversation, item.mode).peek();
    app.drafts.write(item.conversation, item.mode, draft === "" ? taken.text : `${taken.text}\n\n${draft}`);
    app.mode.value = item.mode;
    document.getElementById("composer-text")?.focus();
  }

  return (
    <article class={`message ${item.mode === "note" ? "note" : "out"} first pending pending-${item.state}`}>
      <div class="bubble">
        <p class="text" dir="auto">{item.text}</p>
        <footer>
          <Icon name={item.state === "failed" ? "alert" : "clock"} />
          <span>{words[item.state]}</span>
          {item.state === "failed" && (
            <>
              <button type="button" class="link" onClick={() => app.outbox.retry(item.key)}>{t.thread.retry}</button>
              <button type="button" class="link" onClick={edit}>{t.thread.edit}</button>
            </>
          )}
        </footer>
      </div>
    </article>
  );
}
