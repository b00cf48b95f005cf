// A run of acts between two messages. The last is shown, those before it are folded away until asked for.

import { useSignal } from "@preact/signals";
import { useApp } from "../app";
import type { Entry } from "../api/types";
import { actReason, actSentence } from "../text/acts";
import { t } from "../text/catalogue";
import { clock as clockOf, full } from "../text/format";
import { Icon, type IconName } from "./icons";

const icons: Record<string, IconName> = {
  opened: "inbox", assigned: "person", claimed: "person", unassigned: "person", queue_changed: "stack", priority_changed: "arrow_up",
  tags_changed: "tag", snoozed: "moon", woken: "alarm", waiting: "hourglass", resolved: "check", reopened: "reopen", closed: "lock",
  breached: "flame", breach_withdrawn: "clock", subject_line_changed: "note", marked_spam: "alert", no_reply_needed: "check",
};

export function Acts(props: { entries: Entry[]; me: string }) {
  const open = useSignal(false);
  const earlier = props.entries.length - 1;
  const shown = open.value ? props.entries : props.entries.slice(-1);
  return (
    <div class="acts">
      {earlier > 0 && (
        <button type="button" class="acts-more" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
          <Icon name="down" class="caret" />
          {open.value ? t.thread.hideActs(earlier) : t.thread.showActs(earlier)}
        </button>
      )}
      <ul>{shown.map((entry) => <Act key={entry.id} entry={entry} me={props.me} />)}</ul>
    </div>
  );
}

function Act(props: { entry: Entry; me: string }) {
  const { clock } = useApp();
  const { entry } = props;
  const at = Date.parse(entry.at);
  const reason = actReason(entry);
  return (
    <li class={`act act-${entry.kind}`} data-kind={entry.kind}>
      <Icon name={icons[entry.kind] ?? "dot"} />
      <span>{actSentence(entry, props.me, clock.now.peek())}</span>
      {reason !== null && <span class="act-reason" dir="auto">{reason}</span>}
      <time dateTime={entry.at} title={full(at)}>{clockOf(at)}</time>
    </li>
  );
}
