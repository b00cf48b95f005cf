// Where an agent writes: to the customer or to the team, told apart by colour and words. A plain text area, so that
// every input method works; while one is composing, no key sends.

import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import type { Ticket } from "../api/types";
import type { Mode } from "../state/drafts";
import { t } from "../text/catalogue";
import { isolate } from "../text/format";
import { isOver } from "./actions";
import { Icon } from "./icons";
import { composing } from "./keys";

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);
const send_keys = mac ? "⌘ Enter" : "Ctrl + Enter";

export function Composer(props: { ticket: Ticket }) {
  const app = useApp();
  const { ticket } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const mode = app.mode.value;
  const draft = app.drafts.of(ticket.id, mode);
  const closed = ticket.state === "closed" || ticket.state === "spam";
  const locked = closed && mode === "reply";

  useEffect(() => {
    // What was half written comes up by itself, whichever kind it was.
    if (app.drafts.of(ticket.id, "reply").peek() === "" && app.drafts.of(ticket.id, "note").peek() !== "") app.mode.value = "note";
  }, [ticket.id]);

  function choose(next: Mode) {
    app.mode.value = next;
    area.current?.focus();
  }

  function send() {
    app.send(mode);
    area.current?.focus();
  }

  const tab = (which: Mode, label: string) => (
    <button type="button" id={`mode-${which}`} class={`mode mode-${which}`} aria-pressed={mode === which} onClick={() => choose(which)}>
      <Icon name={which === "note" ? "lock" : "send"} class={which === "note" ? "" : "mirrored"} />{label}
    </button>
  );

  return (
    <form
      class={`composer composing-${mode} ${isOver(ticket) ? "over" : ""}`} aria-label={t.composer.label}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="modes" role="group" aria-label={t.composer.modes}>
        {tab("reply", t.composer.reply)}
        {tab("note", t.composer.note)}
        <span class="modes-hint">
          {mode === "note" ? t.thread.noteHint : ticket.requester.name !== null ? t.composer.replyTo(isolate(ticket.requester.name)) : ""}
        </span>
      </div>
      <textarea
        ref={area} id="composer-text" dir="auto" rows={3} disabled={locked}
        aria-label={mode === "note" ? t.composer.addNote : t.composer.reply}
        placeholder={locked ? t.composer.closedHint : mode === "note" ? t.composer.notePlaceholder : t.composer.replyPlaceholder}
        value={draft.value}
        onInput={(event) => app.drafts.write(ticket.id, mode, event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || composing(event)) return;
          event.preventDefault();
          send();
        }}
      />
      <div class="composer-foot">
        <kbd class="send-hint">{t.composer.hint(send_keys)}</kbd>
        <button type="submit" id="send" class={`button send-${mode}`} disabled={locked || draft.value.trim() === ""}>
          <Icon name={mode === "note" ? "note" : "send"} class={mode === "note" ? "" : "mirrored"} />
          {mode === "note" ? t.composer.addNote : t.composer.send}
        </button>
      </div>
    </form>
  );
}
