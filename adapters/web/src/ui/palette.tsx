// The palette: every action by its name, found by some of its letters, those used last first. A number opens the
// conversation that has it.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import type { Listing, Ticket } from "../api/types";
import { fuzzy } from "../state/fuzzy";
import { withRecent } from "../state/settings";
import { t } from "../text/catalogue";
import { commands, letterOf } from "./commands";
import { DialogFrame } from "./dialog";
import { Icon, type IconName } from "./icons";
import { composing } from "./keys";

interface Choice {
  id: string;
  label: string;
  icon: IconName;
  keys: string;
  run: () => void;
}

const shown_max = 60;

export function Palette() {
  const app = useApp();
  const typed = useSignal("");
  const chosen = useSignal(0);
  const list = useRef<HTMLUListElement>(null);
  const input = useRef<HTMLInputElement>(null);
  // Whatever the commands ask about is what was there before the palette came.
  const able = useRef(commands.filter((one) => one.id !== "palette" && one.id !== "open" && one.available(app)));
  useLayoutEffect(() => input.current?.focus(), []);

  async function openNumber(number: string) {
    try {
      const found = await app.client.read<Listing<Ticket>>("/v1/conversations", { q: `number:${number}`, limit: "1" });
      const ticket = found.data[0];
      if (ticket === undefined) app.notices.tell({ tone: "failed", title: t.palette.noNumber(number) });
      else app.open(ticket.id);
    } catch (cause) {
      app.notices.failed(cause);
    }
  }

  /** What fits what is typed by now: a key may come before the next drawing. */
  function fitting(): Choice[] {
    const number = /^#?(\d{1,19})$/.exec(typed.value.trim())?.[1];
    const recent = app.settings.recent.value;
    return [
      ...(number === undefined ? [] : [{ id: "number", label: t.palette.openNumber(number), icon: "chat" as IconName, keys: "", run: () => void openNumber(number) }]),
      ...able.current
        .map((one) => ({ one, score: fuzzy(typed.value, one.label), recent: recent.indexOf(one.id) }))
        .filter((entry) => entry.score !== null)
        .sort((a, b) => typed.value.trim() === ""
          ? (a.recent < 0 ? shown_max : a.recent) - (b.recent < 0 ? shown_max : b.recent)
          : (b.score ?? 0) + (b.recent < 0 ? 0 : 4) - (a.score ?? 0) - (a.recent < 0 ? 0 : 4))
        .slice(0, shown_max)
        .map(({ one }): Choice => ({ id: one.id, label: one.label, icon: one.icon, keys: letterOf(app, one), run: () => one.run(app) })),
    ];
  }
  const found = fitting();

  function run(choice: Choice | undefined) {
    if (choice === undefined) return;
    app.settings.recent.value = withRecent(app.settings.recent.peek(), choice.id);
    app.dialog.value = { is: "none" };
    // After the dialog has given the focus back, so that an action may take it.
    requestAnimationFrame(() => requestAnimationFrame(choice.run));
  }

  function step(by: number) {
    const { length } = fitting();
    chosen.value = length === 0 ? 0 : (chosen.value + by + length) % length;
    requestAnimationFrame(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }));
  }

  return (
    <DialogFrame title={t.palette.title} class="palette" bare>
      <div class="palette-input">
        <Icon name="search" />
        <input
          ref={input} id="palette" type="text" role="combobox" dir="auto" autocomplete="off" spellcheck={false} aria-label={t.palette.title} aria-expanded="true"
          aria-controls="palette-list" aria-autocomplete="list" aria-activedescendant={found[chosen.value] === undefined ? undefined : `palette-${found[chosen.value]!.id}`}
          placeholder={t.palette.placeholder} value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            chosen.value = 0;
          }}
          onKeyDown={(event) => {
            if (composing(event)) return;
            if (event.key === "ArrowDown") step(1);
            else if (event.key === "ArrowUp") step(-1);
            else if (event.key === "Enter") run(fitting()[chosen.value]);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <ul class="palette-list" id="palette-list" role="listbox" aria-label={t.palette.title} ref={list}>
        {found.map((choice, at) => (
          <li
            key={choice.id} id={`palette-${choice.id}`} role="option" aria-selected={at === chosen.value}
            onMouseMove={() => (chosen.value = at)}
            onClick={() => run(choice)}
          >
            <Icon name={choice.icon} /><span class="menu-label">{choice.label}</span>
            {choice.keys !== "" && <span class="keys" dir="ltr">{choice.keys.split(" ").map((key, index) => <kbd key={index}>{key}</kbd>)}</span>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="palette-none hint" role="status">{t.palette.none}</p>}
    </DialogFrame>
  );
}
