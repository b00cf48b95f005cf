// One message or note. Text goes into text nodes and nowhere else; each carries its own language and direction. A mail
// as its sender has set it is shown only when asked for, in a frame that runs nothing and reaches nothing.

import { useSignal, type Signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { useApp } from "../app";
import type { Attachment, Entry, Ticket } from "../api/types";
import type { Outgoing } from "../state/outbox";
import { actorName } from "../text/acts";
import { t } from "../text/catalogue";
import { clock as clockOf, full, isolate, langOf, languageName, size } from "../text/format";
import { htmlToText, splitQuote } from "../text/plain";
import { Audit } from "./audit";
import { Icon, type IconName } from "./icons";
import { Avatar, Name, PersonalText } from "./parts";

const deliveryIcons: Record<string, IconName> = { queued: "clock", sent: "check", delivered: "checks", read: "checks", failed: "alert" };

export function Message(props: { entry: Entry; first: boolean; ticket: Ticket; past: boolean }) {
  const app = useApp();
  const { entry, first, ticket } = props;
  const me = app.me.value;
  const audit = useSignal(false);
  const framed = useSignal(false);
  const side = entry.kind === "note" ? "note" : entry.direction === "out" ? "out" : "in";
  const at = Date.parse(entry.at);
  const author = side === "in" ? (entry.from?.name ?? entry.actor.name) : actorName(entry, me);
  const delivery = side === "out" ? (entry.delivery ?? "") : "";
  // A mail's own subject is worth a line only where it is not the conversation's.
  const subject = entry.subject != null && entry.subject !== "" && entry.subject !== ticket.subject_line ? entry.subject : null;
  const readable = entry.personal === undefined || entry.personal === "value";
  const foreign = entry.language !== undefined && entry.language !== "und" && entry.language !== ticket.language && langOf(entry.language) !== undefined;

  return (
    <article class={`message ${side} ${first ? "first" : ""}`} data-id={entry.id} data-kind={entry.kind}>
      {side !== "note" && (first ? <Avatar id={entry.from?.id ?? entry.actor.id ?? entry.actor.kind} name={side === "in" ? author : entry.actor.name} /> : <span class="avatar-space" />)}
      <div class="bubble">
        {(first || side === "note") && (
          <header>
            {side === "note" && <span class="note-mark"><Icon name="lock" />{t.thread.note}</span>}
            <Name class="author" name={author} otherwise={t.thread.customer} />
            {side === "in" && entry.from?.address != null && <span class="address" dir="ltr">{entry.from.address}</span>}
            {side === "note" && <span class="note-hint">{t.thread.noteHint}</span>}
          </header>
        )}
        <PersonalText personal={entry.personal} erasedOn={entry.erased_on}>
          {subject !== null && <p class="subject" dir="auto" lang={langOf(entry.language)}>{subject}</p>}
          {framed.value
            ? <Framed entry={entry} ticket={ticket} />
            : <Body text={entry.text ?? ""} html={entry.html === true} lang={langOf(entry.language)} />}
        </PersonalText>
        {entry.attachments === null && readable && <UnreadableFiles />}
        {entry.attachments != null && entry.attachments.length > 0 && <Attachments list={entry.attachments} readable={readable} />}
        <footer>
          <span class="message-acts">
            {entry.html === true && readable && (
              <button type="button" class="quiet show-html" aria-pressed={framed.value} onClick={() => (framed.value = !framed.value)}>
                {framed.value ? t.thread.asText : t.thread.asHtml}
              </button>
            )}
            {!props.past && readable && (
              <button
                type="button" class="quiet redact" aria-label={t.redact.label(clockOf(at))} title={t.redact.title}
                onClick={() => (app.dialog.value = { is: "redact", message: entry.id })}
              >
                <Icon name="eraser" />
              </button>
            )}
          </span>
          {foreign && <span class="message-language">{languageName(entry.language!)}</span>}
          <AuditToggle open={audit} at={at} dateTime={entry.at} />
          {deliveryIcons[delivery] !== undefined && (
            <span class={`delivery delivery-${delivery}`} title={t.thread.delivery[delivery]}>
              <Icon name={deliveryIcons[delivery]} />
              <span class={delivery === "failed" ? "" : "hidden"}>{t.thread.delivery[delivery]}</span>
            </span>
          )}
        </footer>
        {audit.value && <Audit entry={entry} />}
      </div>
    </article>
  );
}

function AuditToggle(props: { open: Signal<boolean>; at: number; dateTime: string }) {
  const { open } = props;
  return (
    <button type="button" class="quiet audit-toggle" aria-expanded={open.value} aria-label={t.audit.show(clockOf(props.at))} title={full(props.at)} onClick={() => (open.value = !open.value)}>
      <time dateTime={props.dateTime}>{clockOf(props.at)}</time>
    </button>
  );
}

function Framed(props: { entry: Entry; ticket: Ticket }) {
  const source = `/v1/conversations/${encodeURIComponent(props.ticket.id)}/messages/${encodeURIComponent(props.entry.id)}/html`;
  // The empty list of what the frame may do is the point: no script, no form, no window, no origin.
  return <iframe class="mail" sandbox="" referrerpolicy="no-referrer" src={source} title={t.thread.mailFrame} />;
}

function Body(props: { text: string; html: boolean; lang: string | undefined }) {
  const { own, quote } = useMemo(() => splitQuote(props.html && props.text.includes("<") ? htmlToText(props.text) : props.text), [props.text, props.html]);
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

/** What a browser shows by itself without running anything of it. */
const pictures = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** There are files, and nobody can tell now which. */
function UnreadableFiles() {
  return <span class="personal unavailable" title={t.personal.unavailableHint}><Icon name="cloud_off" />{t.personal.filesUnavailable}</span>;
}

function Attachments(props: { list: Attachment[]; readable: boolean }) {
  return (
    <ul class="attachments" aria-label={t.thread.attachments}>
      {props.list.map((one, at) => {
        const address = one.id === undefined || !props.readable ? null : `/v1/attachments/${encodeURIComponent(one.id)}`;
        return (
          <li key={one.id ?? at} title={one.type}>
            {address !== null && pictures.has(one.type) && (
              <a class="picture" href={`${address}?inline=1`} target="_blank" rel="noopener noreferrer" aria-label={t.thread.openPicture(one.name)}>
                <img src={`${address}?inline=1`} alt="" loading="lazy" />
              </a>
            )}
            {address === null
              ? <span class="file"><Icon name="clip" /><bdi>{one.name}</bdi><span class="size">{size(one.size)}</span></span>
              : <a class="file" href={address} download={one.name}><Icon name="download" /><bdi>{one.name}</bdi><span class="size">{size(one.size)}</span></a>}
          </li>
        );
      })}
    </ul>
  );
}

/** A message the server has not shown in the timeline yet. */
export function OutgoingMessage(props: { item: Outgoing }) {
  const app = useApp();
  const { item } = props;
  const left = item.holdUntil === null ? 0 : Math.max(0, Math.ceil((item.holdUntil - app.clock.now.value) / 1000));
  const words = {
    held: t.composer.sendsIn(left), sending: t.thread.sending, waiting: t.thread.waiting, failed: t.thread.notSent, changed: t.thread.notSent, sent: t.thread.sending,
  };

  function edit() {
    const taken = app.outbox.take(item.key);
    if (taken === undefined) return;
    const draft = app.drafts.of(item.conversation, item.mode).peek();
    app.drafts.write(item.conversation, item.mode, draft === "" ? taken.text : `${taken.text}\n\n${draft}`);
    app.uploads.put(item.conversation, item.mode, taken.attachments);
    app.choose(item.mode);
    document.getElementById("composer-text")?.focus();
  }

  return (
    <article class={`message ${item.mode === "note" ? "note" : "out"} first pending pending-${item.state}`}>
      <div class="bubble">
        {item.text !== "" && <p class="text" dir="auto">{item.text}</p>}
        {item.attachments.length > 0 && <ul class="attachments" aria-label={t.thread.attachments}>{item.attachments.map((one) => <li key={one.id}><span class="file"><Icon name="clip" /><bdi>{one.name}</bdi></span></li>)}</ul>}
        {item.state === "changed" && (
          <div class="changed" role="alert">
            <p class="changed-title"><Icon name="alert" />{t.collision.changed}</p>
            <ul>
              {item.changes.map((change) => (
                <li key={change.id}>
                  <strong>{isolate(actorName(change, app.me.value))}</strong>{" "}
                  <PersonalText personal={change.personal} erasedOn={change.erased_on}>
                    <span dir="auto" lang={langOf(change.language)}>{change.text != null ? splitQuote(change.html === true && change.text.includes("<") ? htmlToText(change.text) : change.text).own : change.kind.replaceAll("_", " ")}</span>
                  </PersonalText>
                </li>
              ))}
            </ul>
          </div>
        )}
        <footer>
          <Icon name={item.state === "failed" || item.state === "changed" ? "alert" : "clock"} />
          <span>{words[item.state]}</span>
          {item.state === "held" && (
            <>
              <button type="button" class="link" id="undo-send" onClick={edit}>{t.composer.undoSend}</button>
              <button type="button" class="link" onClick={() => app.outbox.release(item.key)}>{t.composer.sendNow}</button>
            </>
          )}
          {item.state === "failed" && <button type="button" class="link" onClick={() => app.outbox.retry(item.key)}>{t.thread.retry}</button>}
          {item.state === "changed" && <button type="button" class="link" id="send-anyway" onClick={() => app.outbox.anyway(item.key)}>{t.collision.anyway}</button>}
          {(item.state === "failed" || item.state === "changed") && <button type="button" class="link" onClick={edit}>{t.thread.edit}</button>}
        </footer>
      </div>
    </article>
  );
}
