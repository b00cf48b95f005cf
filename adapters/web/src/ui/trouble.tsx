// What the page says when something went wrong: the server's own title, what it adds to it, and the trace id that
// finds the request in the server's log.

import { Problem, Unreachable } from "../api/client";
import { t } from "../text/catalogue";
import { Icon } from "./icons";

export function Trouble(props: { title: string; problem: unknown; hint?: string; onRetry?: () => void }) {
  const { problem } = props;
  return (
    <div class="trouble" role="alert">
      <Icon name="alert" />
      <div>
        <p class="trouble-title">{props.title}</p>
        {problem instanceof Problem && <p>{problem.title}{problem.detail !== "" && problem.detail !== problem.title ? ` ${problem.detail}` : ""}</p>}
        {problem instanceof Problem && problem.faults.map((fault) => fault.detail !== "" && fault.detail !== problem.detail && <p key={fault.pointer}>{fault.detail}</p>)}
        {problem instanceof Unreachable && <p>{t.app.unreachable}</p>}
        {props.hint !== undefined && <p>{props.hint}</p>}
        {problem instanceof Problem && problem.traceId !== "" && <p class="trace">{t.app.trace(problem.traceId)}</p>}
        {props.onRetry !== undefined && <button type="button" class="button" onClick={props.onRetry}>{t.app.tryAgain}</button>}
      </div>
    </div>
  );
}
