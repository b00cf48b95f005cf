// The page of somebody who is signed in: the rail, what it leads to, and over both what concerns all of it.

import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import type { Session } from "../api/types";
import { toldOf } from "../state/conditions";
import { details_width, list_width } from "../state/settings";
import { t } from "../text/catalogue";
import { Icon } from "./icons";
import { installKeys } from "./keys";
import { later } from "./later";
import { ListPane } from "./list_pane";
import { Rail } from "./rail";
import { Separator } from "./separator";
import { Sidebar } from "./sidebar";
import { ThreadPane } from "./thread_pane";

const Dialogs = later(async () => (await import("./dialogs")).Dialogs, true);
const Reports = later(async () => (await import("./reports")).Reports);
const Settings = later(async () => (await import("./settings_pages")).SettingsPages);

export function Desk(props: { session: Session }) {
  const app = useApp();
  useEffect(() => installKeys(app), []);
  useEffect(() => {
    // Dialogs must open at once, and without a network too.
    const idle = setTimeout(() => void Dialogs.fetch().catch(() => undefined), 1000);
    return () => clearTimeout(idle);
  }, []);
  const page = app.router.route.value.page;
  const ticket = app.conversation.ticket.value;

  useEffect(() => {
    const title = page === "reports" ? t.rail.reports : page === "settings" ? t.rail.settings : ticket === null ? "" : t.thread.number(ticket.number);
    document.title = title === "" ? t.app.name : `${title} · ${t.app.name}`;
  }, [ticket?.number, page]);

  const { settings } = app;
  const id = app.conversation.id.value;
  const talking = page === "conversations";
  const classes = [
    "desk", settings.density.value, settings.rail.value ? "" : "no-rail",
    !talking ? "with-page" : id === null ? "no-thread" : "with-thread",
    talking && id !== null && settings.details.value ? "with-details" : "",
    talking && id !== null && !settings.list.value ? "no-list" : "",
  ];
  return (
    <div class={classes.join(" ")} style={{ "--list": `${settings.listWidth.value}px`, "--details": `${settings.detailsWidth.value}px` }}>
      <div class="skips">
        <a class="skip" href="#list" onClick={(event) => jump(event, "list")}>{t.app.skipToList}</a>
        <a class="skip" href="#thread" onClick={(event) => jump(event, "thread")}>{t.app.skipToThread}</a>
      </div>
      <Banner />
      <Rail session={props.session} />
      {talking && (
        <>
          <ListPane />
          <Separator id="resize-list" label={t.app.resizeList} controls="list" width={settings.listWidth} range={list_width} pane="before" />
          <ThreadPane />
          {id !== null && settings.details.value && (
            <Separator id="resize-details" label={t.app.resizeDetails} controls="details" width={settings.detailsWidth} range={details_width} pane="after" />
          )}
          <Sidebar />
        </>
      )}
      {page === "reports" && <main class="page-pane" id="thread" tabIndex={-1} aria-label={t.rail.reports}><Reports /></main>}
      {page === "settings" && <main class="page-pane" id="thread" tabIndex={-1} aria-label={t.rail.settings}><Settings /></main>}
      <Notices />
      {app.dialog.value.is !== "none" && <Dialogs />}
      <div class="hidden" role="status" aria-live="polite" id="spoken">{app.notices.spoken.value}</div>
    </div>
  );
}

/** The fragment is the page's address, so a jump inside the page moves the focus instead. */
function jump(event: Event, id: string) {
  event.preventDefault();
  document.getElementById(id)?.focus();
}

function Banner() {
  const app = useApp();
  const connection = app.connection.value;
  if (connection === "ok") return <ServerTrouble />;
  const queued = app.outbox.pending.value;
  return (
    <div class={`banner ${connection}`} role="alert">
      <Icon name="wifi_off" />
      <span>{connection === "offline" ? t.app.offline : t.app.trouble}{queued > 0 && ` ${t.app.queued(queued)}`}</span>
    </div>
  );
}

/** What the server itself says is wrong with it. */
function ServerTrouble() {
  const app = useApp();
  const session = app.session.value;
  const told = session.is === "in" ? toldOf(app.conditions.all.value, session.session.principal.role) : null;
  if (told === null) return null;
  return (
    <div class="banner trouble condition" role="alert" data-condition={told.name}>
      <Icon name="alert" />
      <span><b>{told.happened}</b> {told.safe} {told.advice}</span>
    </div>
  );
}

function Notices() {
  const { notices } = useApp();
  return (
    <div class="toasts">
      {notices.shown.value.map((notice) => (
        <div key={notice.id} class={`toast ${notice.tone}`} role={notice.tone === "failed" ? "alert" : undefined}>
          <Icon name={notice.tone === "failed" ? "alert" : notice.tone === "waiting" ? "clock" : "check"} />
          <div>
            <p class="toast-title">{notice.title}</p>
            {notice.detail !== "" && notice.detail !== notice.title && <p>{notice.detail}</p>}
            {notice.traceId !== "" && <p class="trace">{t.app.trace(notice.traceId)}</p>}
          </div>
          {notice.action !== null && (
            <button
              type="button" class="link"
              onClick={() => {
                notices.dismiss(notice.id);
                notice.action?.run();
              }}
            >
              {notice.action.label}
            </button>
          )}
          <button type="button" class="toast-close" aria-label={t.app.dismiss} title={t.app.dismiss} onClick={() => notices.dismiss(notice.id)}><Icon name="cross" /></button>
        </div>
      ))}
    </div>
  );
}
