// A run of acts between two messages. The last is shown, those before it are folded away until asked for. Each opens
// into what an audit needs to know.

import { useSignal } from "@preact/signals";
import { useApp } from "../app";
import type { Entry } from "../api/types";
import { actReason, actSentence } from "../text/acts";
import { t } from "../text/catalogue";
import { clock as clockOf, full } from "../text/format";
import { Audit } from "./audit";
import { Icon, type IconName } from "./icons";

const icons: Record<string, IconName> = {
  opened: "inbox", assigned: "person", claimed: "person", unassigned: "person", queue_changed: "stack", priority_changed: "arrow_up",
  tags_changed: "tag", snoozed: "moon", woken: "alarm", waiting: "hourglass", resolved: "check", reopened: "reopen", closed: "lock",
  breached: "flame", breach_withdrawn: "clock", subject_line_changed: "note", marked_spam: "alert", spam_marked: "alert", spam_unmarked: "reopen",
  no_reply_needed: "check", transferred: "forward", escalated: "flame", type_changed: "stack", fields_changed: "sliders", sub_state_changed: "hourglass",
  redacted: "eraser", undone: "reopen", rated: "star", offered: "sparkle", offer_declined: "cross",
};

export function Acts(props: { entries: Entry[] }) {
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
      <ul>{shown.map((entry) => <Act key={entry.id} entry={entry} />)}</ul>
    </div>
  );
}

function Act(props: { entry: Entry }) {
  const { clock, me } = useApp();
  const { entry } = props;
  const open = useSignal(false);
  const at = Date.parse(entry.at);
  const reason = actReason(entry);
  return (
    <li class={`act act-${entry.kind}`} data-kind={entry.kind}>
      <div class="act-line">
        <Icon name={icons[entry.kind] ?? "dot"} />
        <span>{actSentence(entry, me.value, clock.now.peek())}</span>
        {reason !== null && <span class="act-reason" dir="auto">{reason}</span>}
        <button type="button" class="act-time" aria-expanded={open.value} aria-label={t.audit.show(clockOf(at))} title={full(at)} onClick={() => (open.value = !open.value)}>
          <time dateTime={entry.at}>{clockOf(at)}</time>
        </button>
      </div>
      {open.value && <Audit entry={entry} />}
    </li>
  );
}
