// Where the page meets the browser.

import { render } from "preact";
import { upload } from "./api/upload";
import { AppContext, createApp } from "./app";
import type { Socket } from "./state/live";
import { pageVisibility } from "./state/poller";
import "./styles/page.css";
import { t } from "./text/catalogue";
import { Root } from "./ui/root";

document.documentElement.lang = t.locale;
document.documentElement.dir = t.direction;

const app = createApp({
  page: window,
  outside: {
    fetch: (input, init) => fetch(input, init),
    newKey: () => randomKey(),
    pause: (ms) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          window.removeEventListener("online", done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        window.addEventListener("online", done);
      }),
    now: () => Date.now(),
  },
  upload,
  connect: () => new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/live`, "parlance.v1") as Socket,
  visibility: pageVisibility,
  tabStorage: sessionStorage,
  lastingStorage: localStorage,
});

/** randomUUID exists on secure origins only, and a server in the next room may be none. */
function randomKey(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const root = document.getElementById("app");
if (root !== null) render(<AppContext.Provider value={app}><Root /></AppContext.Provider>, root);
app.start();
