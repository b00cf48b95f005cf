// What each agent chooses about the page. It is kept in this browser, and it is in force at once.

import { useApp } from "../app";
import { undo_choices_s, type Density, type SendKey, type Theme } from "../state/settings";
import { t } from "../text/catalogue";
import { words } from "../text/words_settings";
import { commands, letterOf } from "./commands";

function Radios<T extends string | number>(props: { legend: string; name: string; value: T; options: readonly (readonly [T, string])[]; onChoose: (value: T) => void }) {
  return (
    <fieldset class="radios">
      <legend>{props.legend}</legend>
      {props.options.map(([value, label]) => (
        <label key={value} class="check plain"><input type="radio" name={props.name} checked={value === props.value} onChange={() => props.onChoose(value)} />{label}</label>
      ))}
    </fieldset>
  );
}

export function PreferencesPage() {
  const app = useApp();
  const { settings } = app;
  return (
    <>
      <section class="panel">
        <h2>{words.appearance}</h2>
        <Radios<Theme> legend={t.themes.label} name="theme" value={settings.theme.value} options={[["system", t.themes.system], ["light", t.themes.light], ["dark", t.themes.dark]]} onChoose={(theme) => (settings.theme.value = theme)} />
        <Radios<Density> legend={words.density} name="density" value={settings.density.value} options={[["comfortable", words.densities.comfortable!], ["compact", words.densities.compact!]]} onChoose={(density) => (settings.density.value = density)} />
      </section>
      <section class="panel">
        <h2>{words.writing}</h2>
        <Radios<SendKey> legend={words.sendKey} name="send-key" value={settings.sendKey.value} options={[["mod_enter", words.sendKeys.mod_enter!], ["enter", words.sendKeys.enter!]]} onChoose={(key) => (settings.sendKey.value = key)} />
        <Radios<number> legend={words.undo} name="undo" value={settings.undoSeconds.value} options={undo_choices_s.map((seconds) => [seconds, words.undoSeconds(seconds)] as const)} onChoose={(seconds) => (settings.undoSeconds.value = seconds)} />
      </section>
      <section class="panel">
        <h2>{words.keyboard}</h2>
        <label class="check plain"><input type="checkbox" checked={settings.singleKeys.value} onChange={(event) => (settings.singleKeys.value = event.currentTarget.checked)} />{t.shortcuts.single}</label>
        <Letters />
      </section>
    </>
  );
}

function Letters() {
  const app = useApp();
  const { letters, singleKeys } = app.settings;
  const used = new Map<string, number>();
  for (const one of commands) used.set(letterOf(app, one), (used.get(letterOf(app, one)) ?? 0) + 1);
  const some = commands.filter((one) => one.letter !== undefined && one.id !== "open");
  return (
    <fieldset class="letters" disabled={!singleKeys.value}>
      <legend>{words.letters}</legend>
      <p class="hint">{words.lettersHint}</p>
      <div class="letter-rows">
        {some.map((one) => {
          const keys = letterOf(app, one);
          const twice = keys !== "" && (used.get(keys) ?? 0) > 1;
          return (
            <label key={one.id} class="letter">
              <span>{one.label}</span>
              <input
                class="input" value={keys} maxLength={3} size={3} dir="ltr" autocomplete="off" spellcheck={false} aria-invalid={twice}
                onInput={(event) => {
                  const next = event.currentTarget.value.trim();
                  letters.value = { ...letters.peek(), [one.id]: next };
                }}
              />
              {twice && <span class="field-error" role="alert">{words.twice(keys)}</span>}
            </label>
          );
        })}
      </div>
      <button type="button" class="button" disabled={Object.keys(letters.value).length === 0} onClick={() => (letters.value = {})}>{words.reset}</button>
    </fieldset>
  );
}
