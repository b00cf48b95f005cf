// The small pieces that several panes show: a face, a state, a deadline, an age, and personal text that may be gone.

import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useApp } from "../app";
import type { Personal, Ticket } from "../api/types";
import { t } from "../text/catalogue";
import { firstResponseChip, type Chip } from "../text/first_response";
import { age, full, hue, initials, plainDay } from "../text/format";
import { channelIcon, Icon, type IconName } from "./icons";

export function Avatar(props: { id: string; name: string | null; channel?: string; size?: "small" | "large" }) {
  const letters = props.name === null ? "" : initials(props.name);
  return (
    <span class={`avatar hue-${hue(props.id)} ${props.size ?? ""}`} aria-hidden="true">
      {letters === "" ? <Icon name="person" /> : <span class="letters">{letters}</span>}
      {props.channel !== undefined && (
        <span class="channel-mark"><Icon name={channelIcon(props.channel)} /></span>
      )}
    </span>
  );
}

export const channelName = (channel: string) => t.channels[channel] ?? channel;
export const stateName = (state: string) => t.states[state] ?? state;
export const priorityName = (priority: string) => t.priorities[priority] ?? priority;

const stateIcons: Record<string, IconName> = {
  new: "sparkle", open: "dot", waiting_customer: "hourglass", waiting_third_party: "hourglass",
  snoozed: "moon", resolved: "check", closed: "lock", spam: "alert",
};

export function StateChip(props: { state: string }) {
  return (
    <span class={`chip state-${props.state}`}>
      <Icon name={stateIcons[props.state] ?? "dot"} />
      {stateName(props.state)}
    </span>
  );
}

const levelIcons: Record<Chip["level"], IconName> = { ok: "clock", soon: "alarm", late: "flame", paused: "hourglass", met: "check", late_met: "check" };

/** How the first answer stands. Computed each second, drawn only when its words change. */
export function ResponseChip(props: { ticket: Ticket; long?: boolean }) {
  const { state, due_at, at } = props.ticket.first_response;
  return <ResponseChipAt key={`${state} ${due_at} ${at} ${props.ticket.unanswered_since}`} {...props} />;
}

function ResponseChipAt(props: { ticket: Ticket; long?: boolean }) {
  const { clock } = useApp();
  const drawn = useComputed(() => JSON.stringify(firstResponseChip(props.ticket, clock.now.value))).value;
  const chip = JSON.parse(drawn) as Chip | null;
  if (chip === null) return null;
  return (
    <span class={`chip response level-${chip.level}`} title={`${chip.tooltip}. ${chip.long}`}>
      <Icon name={levelIcons[chip.level]} />
      <span class="hidden">{t.firstResponse.label}: {props.long ? "" : chip.long}</span>
      <span aria-hidden={props.long ? undefined : true}>{props.long ? chip.long : chip.short}</span>
    </span>
  );
}

export function PriorityMark(props: { priority: string }) {
  if (props.priority === "normal") return null;
  const name = priorityName(props.priority);
  return (
    <span class={`chip priority-${props.priority}`} title={t.priorityOf(name)}>
      <Icon name={props.priority === "low" ? "arrow_down" : "arrow_up"} />
      <span class="hidden">{t.priorityOf(name)}</span>
      <span aria-hidden="true">{name}</span>
    </span>
  );
}

/** How long ago, in one short word, kept right by the shared clock. */
export function Age(props: { at: string; class?: string }) {
  return <AgeAt key={props.at} {...props} />;
}

function AgeAt(props: { at: string; class?: string }) {
  const { clock } = useApp();
  const at = Date.parse(props.at);
  const text = useComputed(() => age(at, clock.now.value));
  return <time class={props.class ?? "age"} dateTime={props.at} title={full(at)}>{text}</time>;
}

/** Personal text, or why there is none: destroyed for good, or only out of reach. The two never look alike. */
export function PersonalText(props: { personal: Personal | undefined; erasedOn: string | undefined; children: ComponentChildren }) {
  if (props.personal === "erased") {
    return (
      <span class="personal erased" title={t.personal.erasedHint}>
        <Icon name="eraser" />
        {props.erasedOn === undefined ? t.personal.erasedNoDay : t.personal.erased(plainDay(props.erasedOn))}
      </span>
    );
  }
  if (props.personal === "redacted") {
    return <span class="personal erased" title={t.personal.redactedHint}><Icon name="eraser" />{t.personal.redacted}</span>;
  }
  if (props.personal === "unavailable") {
    return (
      <span class="personal unavailable" title={t.personal.unavailableHint}>
        <Icon name="cloud_off" />
        {t.personal.unavailable}
      </span>
    );
  }
  return <>{props.children}</>;
}

/** Text in somebody's own language and direction, set apart from the words around it. */
export function Name(props: { name: string | null; otherwise: string; class?: string }) {
  return props.name === null || props.name.trim() === ""
    ? <span class={`${props.class ?? ""} unnamed`}>{props.otherwise}</span>
    : <span class={props.class}><bdi>{props.name}</bdi></span>;
}

export function Empty(props: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon"><Icon name={props.icon} /></span>
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}
