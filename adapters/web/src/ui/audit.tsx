// What an auditor asks of an entry: who, when by both clocks, which event, and an address that leads back to it.

import { useApp } from "../app";
import type { Entry } from "../api/types";
import { formatRoute, now } from "../state/route";
import { actorName } from "../text/acts";
import { t } from "../text/catalogue";
import { full, isolate } from "../text/format";
import { Icon } from "./icons";

export function Audit(props: { entry: Entry }) {
  const app = useApp();
  const { entry } = props;
  const words = t.audit;
  const address = formatRoute(app.conversation.id.value, app.filter.value, { ...now, at: entry.version });
  return (
    <div class="audit">
      <dl>
        <div><dt>{words.actor}</dt><dd>{isolate(actorName(entry, ""))} ({words.kinds[entry.actor.kind] ?? entry.actor.kind}){entry.actor.id !== null && <> <code>{entry.actor.id}</code></>}</dd></div>
        <div><dt>{words.happened}</dt><dd><time dateTime={entry.at}>{full(Date.parse(entry.at))}</time></dd></div>
        <div><dt>{words.recorded}</dt><dd><time dateTime={entry.recorded_at}>{full(Date.parse(entry.recorded_at))}</time></dd></div>
        <div><dt>{words.event}</dt><dd><code>{entry.id}</code></dd></div>
        <div><dt>{words.version}</dt><dd>{entry.version}</dd></div>
      </dl>
      <p class="audit-foot">
        <a class="link" href={address}>{words.then}</a>
        <button
          type="button" class="link"
          onClick={() => void navigator.clipboard?.writeText(`${location.origin}${location.pathname}${address}`)
            .then(() => app.notices.tell({ tone: "done", title: t.thread.linkCopied }), app.notices.failed)}
        >
          <Icon name="link" />{words.copy}
        </button>
      </p>
    </div>
  );
}
