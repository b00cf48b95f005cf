// The filter as words: each term is a chip, what is being typed gets help from the grammar and from the names the
// workspace has. What the terms mean, and whether they are right, the server says.

import { useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useApp } from "../app";
import { formatTerms, parseTerms, suggest } from "../state/query";
import { t } from "../text/catalogue";
import { Icon } from "./icons";
import { composing } from "./keys";

export function FindBar() {
  const app = useApp();
  const input = useRef<HTMLInputElement>(null);
  const typed = useSignal("");
  const open = useSignal(false);
  const chosen = useSignal(-1);
  const terms = parseTerms(app.filter.value.q);

  const known = useComputed(() => ({
    queue: app.desk.queues.value.map((queue) => queue.name),
    assignee: app.desk.agents.value.filter((agent) => agent.active).map((agent) => agent.name),
    team: app.desk.teams.value.map((team) => team.name),
    tag: (app.desk.settings.value?.tags ?? []).map((tag) => tag.name),
    type: (app.desk.settings.value?.types ?? []).map((type) => type.name),
    sub_state: (app.desk.settings.value?.sub_states ?? []).map((state) => state.name),
    lang: ["de", "en", "es", "fr", "pt", "it", "nl", "pl", "ar", "zh", "ja", "ko", "th", "tr"],
  }));
  // Whoever types fast is ahead of the last drawing, so what keys act on is computed when they come.
  const lastTerm = () => typed.value.slice(typed.value.search(/(?:"[^"]*(?:"|$)|[^\s"])*$/));
  const suggestionsNow = () => (open.value ? suggest(lastTerm(), known.value, t.find.hints) : []);
  const termsNow = () => parseTerms(app.filter.peek().q);
  const suggestions = suggestionsNow();

  function set(next: string) {
    typed.value = next;
    chosen.value = -1;
    open.value = true;
  }

  function commit(text: string) {
    const more = parseTerms(text);
    open.value = false;
    typed.value = "";
    if (more.length > 0) app.filterBy({ q: formatTerms([...termsNow(), ...more]) });
  }

  function pick(text: string) {
    const whole = typed.value.slice(0, typed.value.length - lastTerm().length) + text;
    input.current?.focus();
    if (text.endsWith(":")) set(whole);
    else commit(whole);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (composing(event)) return;
    const now = suggestionsNow();
    const one = now[chosen.value];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open.value) open.value = true;
      else if (now.length > 0) {
        const to = chosen.value + (event.key === "ArrowDown" ? 1 : -1);
        chosen.value = (to + now.length) % now.length;
      }
    } else if (event.key === "Enter" || (event.key === "Tab" && one !== undefined)) {
      event.preventDefault();
      if (one !== undefined) pick(one.text);
      else commit(typed.value);
    } else if (event.key === "Escape" && open.value && (typed.value !== "" || now.length > 0)) {
      event.preventDefault();
      event.stopPropagation();
      open.value = false;
    } else if (event.key === "Backspace" && typed.value === "" && termsNow().length > 0) {
      // The last chip opens up again, to be changed rather than lost.
      event.preventDefault();
      const before = termsNow();
      app.filterBy({ q: formatTerms(before.slice(0, -1)) });
      set(before[before.length - 1]!.text);
    }
  }

  return (
    <div class="find" role="search">
      <Icon name="search" />
      {terms.map((term, at) => (
        <button
          key={`${at} ${term.text}`} type="button" class={`term ${term.not ? "not" : ""}`} aria-label={t.find.remove(term.text)} title={t.find.remove(term.text)}
          onClick={() => {
            app.filterBy({ q: formatTerms(terms.filter((_, other) => other !== at)) });
            input.current?.focus();
          }}
        >
          <span dir="auto">{term.text}</span><Icon name="cross" />
        </button>
      ))}
      <input
        ref={input} id="find" type="text" role="combobox" dir="auto" autocomplete="off" spellcheck={false} value={typed.value}
        aria-label={t.find.label} aria-expanded={suggestions.length > 0} aria-controls="find-suggestions" aria-autocomplete="list"
        aria-activedescendant={suggestions[chosen.value] === undefined ? undefined : `find-${chosen.value}`}
        placeholder={terms.length === 0 ? t.find.placeholder : ""}
        onInput={(event) => set(event.currentTarget.value)} onKeyDown={onKeyDown}
        onFocus={() => (open.value = true)} onBlur={() => (open.value = false)}
      />
      {terms.length > 0 && (
        <button type="button" class="find-clear" aria-label={t.find.clear} title={t.find.clear} onClick={() => app.filterBy({ q: "" })}><Icon name="cross" /></button>
      )}
      <ul class="suggestions" id="find-suggestions" role="listbox" aria-label={t.find.suggestions} hidden={suggestions.length === 0}>
        {suggestions.map((one, at) => (
          <li
            key={one.text} id={`find-${at}`} role="option" aria-selected={at === chosen.value}
            onMouseDown={(event) => {
              event.preventDefault();
              pick(one.text);
            }}
          >
            <code>{one.text}</code>{one.hint !== "" && <span>{one.hint}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
