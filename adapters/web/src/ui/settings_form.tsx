// The pieces all settings are made of: a labelled field, a row that opens into a form, and a form that says when it
// was taken.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../app";
import { words } from "../text/words_settings";
import { Icon } from "./icons";

export function Labelled(props: { label: string; hint?: string; children: (id: string) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="labelled">
      <label for={id}>{props.label}</label>
      {props.children(id)}
      {props.hint !== undefined && <p class="hint">{props.hint}</p>}
    </div>
  );
}

export function TextField(props: { label: string; hint?: string; name: string; value?: string; type?: "email" | "number"; required?: boolean; rows?: number; min?: number }) {
  return (
    <Labelled label={props.label} {...(props.hint === undefined ? {} : { hint: props.hint })}>
      {(id) => props.rows === undefined
        ? props.type === "number"
          ? <input id={id} class="input" name={props.name} type="number" min={props.min} step="any" required={props.required === true} defaultValue={props.value ?? ""} />
          : <input id={id} class="input" name={props.name} dir="auto" type="text" inputMode={props.type === "email" ? "email" : "text"} required={props.required === true} defaultValue={props.value ?? ""} />
        : <textarea id={id} class="input" name={props.name} dir="auto" rows={props.rows} required={props.required === true} defaultValue={props.value ?? ""} />}
    </Labelled>
  );
}

export function SelectField(props: { label: string; name: string; value: string; options: readonly (readonly [string, string])[] }) {
  return (
    <Labelled label={props.label}>
      {(id) => (
        <span class="select wide">
          <select id={id} name={props.name}>
            {props.options.map(([value, label]) => <option key={value} value={value} selected={value === props.value}>{label}</option>)}
          </select>
          <Icon name="down" />
        </span>
      )}
    </Labelled>
  );
}

export function CheckField(props: { label: string; name: string; checked: boolean }) {
  return <label class="check plain"><input type="checkbox" name={props.name} defaultChecked={props.checked} />{props.label}</label>;
}

/** What a form holds. Empty text is null, so that a caller says what that means. */
export interface Held {
  text(name: string): string | null;
  number(name: string): number | null;
  on(name: string): boolean;
  list(name: string, between?: RegExp): string[];
}

function held(form: HTMLFormElement): Held {
  const data = new FormData(form);
  const text = (name: string) => {
    const value = String(data.get(name) ?? "").trim();
    return value === "" ? null : value;
  };
  return {
    text,
    number: (name) => (text(name) === null ? null : Number(text(name))),
    on: (name) => data.get(name) !== null,
    list: (name, between = /[,\n]/) => (text(name) ?? "").split(between).map((part) => part.trim()).filter((part) => part !== ""),
  };
}

/** Sends what is in it; empties itself where it adds, and says so by `onTaken`. */
export function SendForm(props: { submit: string; onSend: (held: Held) => Promise<boolean>; onTaken?: () => void; clears?: boolean; aside?: ComponentChildren; children: ComponentChildren; label: string }) {
  const app = useApp();
  return (
    <form
      class="settings-form" aria-label={props.label}
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        void props.onSend(held(form)).then((ok) => {
          if (!ok) return;
          if (props.clears === true) form.reset();
          props.onTaken?.();
        });
      }}
    >
      {props.children}
      <div class="form-foot">
        <button type="submit" class="button primary" disabled={app.commanding.value}>{props.submit}</button>
        {props.aside}
      </div>
    </form>
  );
}

/** One thing of a list: what it is, and behind a button the form that changes it. */
export function Entry(props: { title: string; facts?: ComponentChildren; form?: (close: () => void) => ComponentChildren }) {
  const open = useSignal(false);
  return (
    <li class="entry">
      <div class="entry-line">
        <span class="entry-title" dir="auto">{props.title}</span>
        <span class="entry-facts">{props.facts}</span>
        {props.form !== undefined && (
          <button type="button" class="button" aria-expanded={open.value} aria-label={`${open.value ? words.cancel : words.change}: ${props.title}`} onClick={() => (open.value = !open.value)}>{open.value ? words.cancel : words.change}</button>
        )}
      </div>
      {open.value && props.form?.(() => (open.value = false))}
    </li>
  );
}
