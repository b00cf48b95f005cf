// The two dialogs: the sheet of shortcuts, and a time of one's own for a snooze. Native ones, so focus stays inside
// and Escape closes.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { t } from "../text/catalogue";
import { localInput } from "../text/snooze";
import { Icon } from "./icons";

export function Dialogs() {
  const { dialog } = useApp();
  if (dialog.value === "shortcuts") return <Shortcuts />;
  if (dialog.value === "snooze") return <Snooze />;
  return null;
}

function Dialog(props: { title: string; class: string; children: ComponentChildren }) {
  const app = useApp();
  const box = useRef<HTMLDialogElement>(null);
  const close = () => (app.dialog.value = "none");
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog
      ref={box} autofocus class={`dialog ${props.class}`} aria-label={props.title} onClose={close}
      onClick={(event) => {
        if (event.target === box.current) close();
      }}
    >
      <div class="dialog-body">
        <header>
          <h2>{props.title}</h2>
          <button type="button" class="action" aria-label={t.app.close} title={t.app.close} onClick={close}><Icon name="cross" /></button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

function Shortcuts() {
  const { settings } = useApp();
  const words = t.shortcuts;
  const groups: [string, [string[], string][]][] = [
    [words.lists, [[["j"], words.next], [["k"], words.previous], [["Enter"], words.open], [["d"], words.details], [["Esc"], words.escape]]],
    [words.writing, [[["r"], words.reply], [["n"], words.note], [["Ctrl", "Enter"], words.send]]],
    [words.acting, [[["m"], words.assignMe], [["s"], words.snooze], [["e"], words.resolve], [["o"], words.reopen], [["?"], words.help]]],
  ];
  return (
    <Dialog title={words.title} class="shortcuts">
      <p class="hint">{words.lead}</p>
      <div class="shortcut-groups">
        {groups.map(([title, rows]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {rows.map(([keys, label]) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox" checked={settings.singleKeys.value}
          onChange={(event) => {
            settings.singleKeys.value = event.currentTarget.checked;
            settings.save();
          }}
        />
        {words.single}
      </label>
    </Dialog>
  );
}

function Snooze() {
  const app = useApp();
  const now = app.clock.read();
  const value = useSignal(localInput(now + 24 * 3_600_000));
  const past = useSignal(false);
  function submit(event: Event) {
    event.preventDefault();
    const until = new Date(value.value).getTime();
    past.value = !(until > app.clock.read());
    if (past.value) return;
    app.dialog.value = "none";
    app.snooze(until);
  }
  return (
    <Dialog title={t.snooze.title} class="snooze">
      <form onSubmit={submit}>
        <label for="snooze-until">{t.snooze.time}</label>
        <input
          id="snooze-until" type="datetime-local" required min={localInput(now)} value={value.value}
          aria-invalid={past.value} onInput={(event) => (value.value = event.currentTarget.value)}
        />
        {past.value && <p class="field-error" role="alert">{t.snooze.past}</p>}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={() => (app.dialog.value = "none")}>{t.app.cancel}</button>
          <button type="submit" class="button primary">{t.snooze.submit}</button>
        </div>
      </form>
    </Dialog>
  );
}
