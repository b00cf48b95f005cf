// The page of somebody who is signed in: four panes, and over them what concerns all of them.

import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import type { Session } from "../api/types";
import { t } from "../text/catalogue";
import { Dialogs } from "./dialogs";
import { Icon } from "./icons";
import { installKeys } from "./keys";
import { ListPane } from "./list_pane";
import { Rail } from "./rail";
import { Sidebar } from "./sidebar";
import { ThreadPane } from "./thread_pane";

export function Desk(props: { session: Session }) {
  const app = useApp();
  useEffect(() => installKeys(app), []);
  const ticket = app.conversation.ticket.value;

  useEffect(() => {
    document.title = ticket === null ? t.app.name : `${t.thread.number(ticket.number)} · ${t.app.name}`;
  }, [ticket?.number]);

  const id = app.conversation.id.value;
  return (
    <div class={`desk ${id === null ? "no-thread" : "with-thread"} ${id !== null && app.settings.details.value ? "with-details" : ""}`}>
      <a class="skip" href="#list" onClick={(event) => jump(event, "list")}>{t.app.skipToList}</a>
      <a class="skip" href="#thread" onClick={(event) => jump(event, "thread")}>{t.app.skipToThread}</a>
      <Banner />
      <Rail session={props.session} />
      <ListPane />
      <ThreadPane session={props.session} />
      <Sidebar />
      <Toasts />
      <Dialogs />
      <div class="hidden" role="status" aria-live="polite" id="spoken">{app.spoken.value}</div>
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
  if (connection === "ok") return null;
  const queued = app.outbox.pending.value;
  return (
    <div class={`banner ${connection}`} role="alert">
      <Icon name="wifi_off" />
      <span>{connection === "offline" ? t.app.offline : t.app.trouble}{queued > 0 && ` ${t.app.queued(queued)}`}</span>
    </div>
  );
}

function Toasts() {
  const app = useApp();
  return (
    <div class="toasts">
      {app.toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.tone}`} role={toast.tone === "failed" ? "alert" : undefined}>
          <Icon name={toast.tone === "failed" ? "alert" : toast.tone === "waiting" ? "clock" : "check"} />
          <div>
            <p class="toast-title">{toast.title}</p>
            {toast.detail !== "" && toast.detail !== toast.title && <p>{toast.detail}</p>}
            {toast.traceId !== "" && <p class="trace">{t.app.trace(toast.traceId)}</p>}
          </div>
          {toast.action !== null && (
            <button
              type="button" class="link"
              onClick={() => {
                app.dismiss(toast.id);
                toast.action?.run();
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button type="button" class="toast-close" aria-label={t.app.dismiss} title={t.app.dismiss} onClick={() => app.dismiss(toast.id)}><Icon name="cross" /></button>
        </div>
      ))}
    </div>
  );
}
