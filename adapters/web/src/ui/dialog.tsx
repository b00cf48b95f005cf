// The frame of every dialog. A native one, so that the focus stays inside and Escape closes; when it closes, the focus
// goes back to where it was.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { t } from "../text/catalogue";
import { Icon } from "./icons";

export function DialogFrame(props: { title: string; class: string; bare?: boolean; children: ComponentChildren }) {
  const app = useApp();
  const box = useRef<HTMLDialogElement>(null);
  const close = () => (app.dialog.value = { is: "none" });
  // Before anything else can happen: a key that follows at once is meant for the dialog.
  useLayoutEffect(() => {
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
      {props.bare === true ? props.children : (
        <div class="dialog-body">
          <header>
            <h2>{props.title}</h2>
            <button type="button" class="action" aria-label={t.app.close} title={t.app.close} onClick={close}><Icon name="cross" /></button>
          </header>
          {props.children}
        </div>
      )}
    </dialog>
  );
}

export function DialogFoot(props: { submit: string; disabled?: boolean; danger?: boolean; children?: ComponentChildren }) {
  const app = useApp();
  return (
    <div class="dialog-foot">
      {props.children}
      <button type="button" class="button" onClick={() => (app.dialog.value = { is: "none" })}>{t.app.cancel}</button>
      <button type="submit" class={`button ${props.danger === true ? "danger" : "primary"}`} disabled={props.disabled === true || app.commanding.value}>{props.submit}</button>
    </div>
  );
}
