import { useApp } from "../app";
import { t } from "../text/catalogue";
import { Desk } from "./desk";
import { Mark } from "./icons";
import { SignIn } from "./sign_in";

export function Root() {
  const state = useApp().session.value;
  switch (state.is) {
    case "in": return <Desk session={state.session} />;
    case "out": return <SignIn state={state} />;
    case "unknown":
      return <main class="door waiting"><Mark /><p role="status">{t.app.loading}</p></main>;
  }
}
