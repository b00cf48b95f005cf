// Where an agent writes: to the customer or to the team, told apart by colour and words. A plain text area, so that
// every input method works; while one is composing, no key sends. A slash offers ready-made answers, in a note an @
// names a colleague.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import type { Ticket } from "../api/types";
import type { Mode } from "../state/drafts";
import type { Uploading } from "../state/uploads";
import { fill, matching, unfilled } from "../text/canned";
import { t } from "../text/catalogue";
import { isolate, langOf, languageName, size } from "../text/format";
import { Icon } from "./icons";
import { composing } from "./keys";

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);
const send_keys = { mod_enter: mac ? "⌘ Enter" : "Ctrl + Enter", enter: "Enter" };
const offered_at_most = 8;

interface Option {
  key: string;
  title: string;
  aside: string;
  preview: string;
  lang: string | undefined;
  insert: string;
  /** The colleague whom the text names. */
  agent: string | null;
}

/** What is being typed that can be completed: "/ref" or "@ki", and where it stands. */
function trigger(text: string, caret: number, mode: Mode): { kind: "/" | "@"; typed: string; start: number } | null {
  const found = /(?:^|\s)([/@])([^\s/@]{0,40})$/.exec(text.slice(0, caret));
  if (found === null || (found[1] === "@" && mode !== "note")) return null;
  return { kind: found[1] as "/" | "@", typed: found[2] ?? "", start: caret - (found[2] ?? "").length - 1 };
}

export function Composer(props: { ticket: Ticket }) {
  const app = useApp();
  const { ticket } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const mode = app.mode.value;
  const draft = app.drafts.of(ticket.id, mode);
  const caret = useSignal(-1);
  const chosen = useSignal(0);
  const dropping = useSignal(false);
  const closed = ticket.state === "closed" || ticket.state === "spam";
  const locked = closed && mode === "reply";
  const uploads = useComputed(() => app.uploads.items.value.filter((item) => item.conversation === ticket.id && item.mode === app.mode.value)).value;

  useEffect(() => {
    let here = true;
    // What was half written comes up by itself, whichever kind it was, and wherever it was written.
    const has = (kind: Mode) => app.drafts.of(ticket.id, kind).peek() !== "";
    if (!has("reply") && has("note")) app.choose("note");
    void app.drafts.fetch(ticket.id).then((kind) => {
      if (here && kind !== null && app.drafts.of(ticket.id, app.mode.peek()).peek() === "") app.choose(kind);
    });
    return () => void (here = false);
  }, [ticket.id]);

  // Whoever types fast is ahead of the last drawing, so what keys act on is computed when they come.
  const triggerNow = () => (caret.value < 0 ? null : trigger(draft.value, caret.value, mode));
  const at = triggerNow();
  const options: Option[] = at === null ? [] : optionsOf(at);

  function optionsOf(found: { kind: "/" | "@"; typed: string }): Option[] {
    if (found.kind === "/") {
      const agent = app.session.value.is === "in" ? app.session.value.session.principal.name : "";
      return matching(app.desk.canned.value, found.typed, ticket.language).slice(0, offered_at_most).map((reply) => {
        const text = fill(reply.text, { ticket, agent });
        return { key: reply.id, title: reply.name, aside: `/${reply.shortcut} · ${reply.language === "" || reply.language === "und" ? t.composer.anyLanguage : languageName(reply.language)}`, preview: text, lang: langOf(reply.language), insert: text, agent: null };
      });
    }
    const typed = found.typed.toLocaleLowerCase();
    return app.desk.agents.value
      .filter((agent) => agent.active && agent.id !== app.me.value && agent.name.toLocaleLowerCase().split(/\s+/).some((word) => word.startsWith(typed)))
      .slice(0, offered_at_most)
      .map((agent) => ({ key: agent.id, title: agent.name, aside: agent.presence === undefined ? "" : t.presence.names[agent.presence], preview: "", lang: undefined, insert: `@${agent.name} `, agent: agent.id }));
  }

  function put(option: Option) {
    const box = area.current;
    const found = triggerNow();
    if (box === null || found === null) return;
    box.setRangeText(option.insert, found.start, caret.peek(), "end");
    if (option.agent !== null) app.mentions.set(option.insert.trim(), option.agent);
    app.drafts.write(ticket.id, mode, box.value);
    caret.value = -1;
    box.focus();
  }

  function choose(next: Mode) {
    app.choose(next);
    area.current?.focus();
  }

  function send() {
    app.send(mode);
    area.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (composing(event)) return;
    const found = triggerNow();
    const now = found === null ? [] : optionsOf(found);
    const option = now[chosen.value];
    if (option !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        chosen.value = (chosen.value + (event.key === "ArrowDown" ? 1 : -1) + now.length) % now.length;
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        put(option);
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        caret.value = -1;
        return;
      }
    }
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    if (!(event.ctrlKey || event.metaKey || app.settings.sendKey.peek() === "enter")) return;
    event.preventDefault();
    send();
  }

  const tab = (which: Mode, label: string) => (
    <button type="button" id={`mode-${which}`} class={`mode mode-${which}`} aria-pressed={mode === which} onClick={() => choose(which)}>
      <Icon name={which === "note" ? "lock" : "send"} class={which === "note" ? "" : "mirrored"} />{label}
    </button>
  );
  const missing = mode === "reply" ? unfilled(draft.value) : [];
  const ready = uploads.every((item) => item.state === "ready") && (draft.value.trim() !== "" || uploads.length > 0);

  return (
    <form
      class={`composer composing-${mode} ${dropping.value ? "dropping" : ""}`} aria-label={t.composer.label}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => {
        if (locked || !event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        dropping.value = true;
      }}
      onDragLeave={() => (dropping.value = false)}
      onDrop={(event) => {
        dropping.value = false;
        if (locked || !event.dataTransfer?.files.length) return;
        event.preventDefault();
        app.uploads.add(ticket.id, mode, event.dataTransfer.files);
      }}
    >
      <div class="modes" role="group" aria-label={t.composer.modes}>
        {tab("reply", t.composer.reply)}
        {tab("note", t.composer.note)}
        <span class="modes-hint">
          {mode === "note" ? t.thread.noteHint : ticket.requester.name !== null ? t.composer.replyTo(isolate(ticket.requester.name)) : ""}
        </span>
      </div>
      <div class="composer-area">
        <textarea
          ref={area} id="composer-text" dir="auto" rows={3} disabled={locked}
          aria-label={mode === "note" ? t.composer.addNote : t.composer.reply} aria-autocomplete="list" aria-haspopup="listbox" aria-controls="completions"
          aria-activedescendant={options[chosen.value] === undefined ? undefined : `completion-${chosen.value}`}
          placeholder={locked ? t.composer.closedHint : mode === "note" ? t.composer.notePlaceholder : t.composer.replyPlaceholder}
          value={draft.value}
          onInput={(event) => {
            app.drafts.write(ticket.id, mode, event.currentTarget.value);
            app.typing();
            caret.value = event.currentTarget.selectionStart;
            chosen.value = 0;
          }}
          onKeyDown={onKeyDown}
          onBlur={() => (caret.value = -1)}
          onPaste={(event) => {
            const pasted = event.clipboardData?.files;
            if (pasted === undefined || pasted.length === 0) return;
            event.preventDefault();
            app.uploads.add(ticket.id, mode, pasted);
          }}
        />
        <ul class="completions" id="completions" role="listbox" aria-label={at?.kind === "@" ? t.composer.colleagues : t.composer.canned} hidden={options.length === 0}>
          {options.map((option, index) => (
            <li
              key={option.key} id={`completion-${index}`} role="option" aria-selected={index === chosen.value}
              onMouseDown={(event) => {
                event.preventDefault();
                put(option);
              }}
            >
              <span class="completion-title"><bdi>{option.title}</bdi><span>{option.aside}</span></span>
              {option.preview !== "" && <span class="completion-preview" dir="auto" lang={option.lang}>{option.preview}</span>}
            </li>
          ))}
        </ul>
        {at?.kind === "/" && at.typed === "" && options.length === 0 && <p class="completions-none hint">{t.composer.noCanned}</p>}
      </div>
      {missing.length > 0 && <p class="composer-warning" role="status"><Icon name="alert" />{t.composer.unfilled(missing.join(" "))}</p>}
      {uploads.length > 0 && <ul class="uploads" aria-label={t.thread.attachments}>{uploads.map((item) => <Upload key={item.key} item={item} />)}</ul>}
      <div class="composer-foot">
        <input
          ref={files} class="hidden" id="files" type="file" multiple tabIndex={-1} aria-hidden="true" disabled={locked}
          onChange={(event) => {
            app.uploads.add(ticket.id, mode, event.currentTarget.files ?? []);
            event.currentTarget.value = "";
          }}
        />
        <button type="button" class="action" id="attach" disabled={locked} aria-label={t.composer.attach} title={t.composer.attach} onClick={() => files.current?.click()}>
          <Icon name="clip" />
        </button>
        <kbd class="send-hint">{t.composer.hint(send_keys[app.settings.sendKey.value])}</kbd>
        <button type="submit" id="send" class={`button send-${mode}`} disabled={locked || !ready}>
          <Icon name={mode === "note" ? "note" : "send"} class={mode === "note" ? "" : "mirrored"} />
          {mode === "note" ? t.composer.addNote : t.composer.send}
        </button>
      </div>
    </form>
  );
}

function Upload(props: { item: Uploading }) {
  const app = useApp();
  const { item } = props;
  return (
    <li class={`upload upload-${item.state}`}>
      <Icon name={item.state === "failed" || item.state === "too_large" ? "alert" : "clip"} />
      <bdi>{item.name}</bdi>
      <span class="size">{size(item.size)}</span>
      {item.state === "sending" && <progress max={1} value={item.share} aria-label={t.composer.uploading(item.name)} />}
      {item.state === "too_large" && <span role="alert">{t.composer.tooLarge}</span>}
      {item.state === "failed" && <><span role="alert">{t.composer.uploadFailed}</span><button type="button" class="link" onClick={() => app.uploads.retry(item.key)}>{t.thread.retry}</button></>}
      <button type="button" class="upload-remove" aria-label={t.composer.removeFile(item.name)} title={t.composer.removeFile(item.name)} onClick={() => app.uploads.remove(item.key)}><Icon name="cross" /></button>
    </li>
  );
}
