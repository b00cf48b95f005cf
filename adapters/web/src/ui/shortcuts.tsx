// The sheet of shortcuts, with the keys as this agent has them.

import { useApp } from "../app";
import { t } from "../text/catalogue";
import { commands, letterOf, type Group } from "./commands";
import { DialogFrame } from "./dialog";

export function Shortcuts() {
  const app = useApp();
  const words = t.shortcuts;
  const groups: [Group, string][] = [["moving", words.lists], ["writing", words.writing], ["acting", words.acting], ["page", words.page]];
  const fixed: Partial<Record<Group, [string[], string][]>> = {
    moving: [[["Esc"], words.escape]],
    writing: [[app.settings.sendKey.value === "enter" ? ["Enter"] : ["Ctrl", "Enter"], words.send], [["/"], words.canned], [["@"], words.mention]],
    page: [[t.keys.palette.split(" + "), t.commands.palette]],
  };
  return (
    <DialogFrame title={words.title} class="shortcuts">
      <p class="hint">{words.lead}</p>
      <div class="shortcut-groups">
        {groups.map(([group, title]) => (
          <section key={group}>
            <h3>{title}</h3>
            <dl>
              {commands.filter((one) => one.group === group && letterOf(app, one) !== "").map((one) => (
                <div key={one.id}><dt>{one.label}</dt><dd dir="ltr">{letterOf(app, one).split(" ").map((key, at) => <kbd key={at}>{key}</kbd>)}</dd></div>
              ))}
              {(fixed[group] ?? []).map(([keys, label]) => <div key={label}><dt>{label}</dt><dd dir="ltr">{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dd></div>)}
            </dl>
          </section>
        ))}
      </div>
      <label class="check">
        <input type="checkbox" checked={app.settings.singleKeys.value} onChange={(event) => (app.settings.singleKeys.value = event.currentTarget.checked)} />
        {words.single}
      </label>
      <p class="hint"><a class="link" href="#/settings/preferences" onClick={() => (app.dialog.value = { is: "none" })}>{words.remap}</a></p>
    </DialogFrame>
  );
}
