// The door. A link opens it by itself; whoever comes without one is told how to get one, or gives a token.

import { useSignal } from "@preact/signals";
import { useApp } from "../app";
import type { SessionState } from "../state/session";
import { t } from "../text/catalogue";
import { Icon, Mark } from "./icons";
import { Trouble } from "./trouble";

export function SignIn(props: { state: SessionState & { is: "out" } }) {
  const app = useApp();
  const token = useSignal("");
  const working = useSignal(false);
  const { why, problem } = props.state;

  async function submit(event: Event) {
    event.preventDefault();
    if (token.value.trim() === "" || working.value) return;
    working.value = true;
    await app.signInWithToken(token.value.trim());
    working.value = false;
  }

  return (
    <main class="door">
      <div class="door-card">
        <div class="door-head">
          <Mark />
          <h1>{t.signIn.title}</h1>
          <p>{t.signIn.lead}</p>
        </div>
        {why === "ended" && <p class="door-notice" role="status"><Icon name="clock" />{t.signIn.ended}</p>}
        {why === "link" && <Trouble title={t.signIn.linkFailed} problem={problem} hint={t.signIn.linkHint} />}
        {why === "token" && <Trouble title={t.signIn.tokenFailed} problem={problem} />}
        {why === "start" && problem !== null && <Trouble title={t.app.failed} problem={problem} onRetry={app.retryNow} />}
        <section aria-labelledby="how">
          <h2 id="how">{t.signIn.how}</h2>
          <ol>
            <li>{t.signIn.stepServe} <code>parlance serve --data DIR</code></li>
            <li>{t.signIn.stepOpen}</li>
          </ol>
          <p class="hint">{t.signIn.stepAgain}</p>
        </section>
        <form onSubmit={submit}>
          <label for="token">{t.signIn.token}</label>
          <div class="door-row">
            <input
              id="token" type="password" autocomplete="off" spellcheck={false} aria-describedby="token-hint"
              value={token.value} onInput={(event) => (token.value = event.currentTarget.value)}
            />
            <button type="submit" class="button primary" disabled={token.value.trim() === "" || working.value}>
              {working.value ? t.signIn.working : t.signIn.submit}
            </button>
          </div>
          <p class="hint" id="token-hint">{t.signIn.tokenHint}</p>
        </form>
      </div>
    </main>
  );
}
