// Loads documents in a headless Chromium and watches what they do. Called by browser_test.py with a file of
// [{class, raw, sanitised}]. Nothing here waits for a length of time but the settling of one document: a turn of its event loop
// after everything in it was focused, hovered and clicked.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../../adapters/web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const documents = JSON.parse(readFileSync(process.argv[2], "utf8"));
const elements = new Set(
  ("HTML HEAD META STYLE BODY A ABBR ADDRESS B BDI BDO BIG BLOCKQUOTE BR CAPTION CENTER CITE CODE COL COLGROUP DD DEL DFN DIV DL DT EM FONT " +
    "H1 H2 H3 H4 H5 H6 HR I IMG INS KBD LI MARK OL P PRE Q S SAMP SMALL SPAN STRIKE STRONG SUB SUP TABLE TBODY TD TFOOT TH THEAD TR TT " +
    "U UL VAR WBR").split(" "),
);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--no-first-run", "--no-pings", "--disable-gpu"],
});

/** Loads one document without policy or sandbox; returns everything that it did. */
async function load(page, seen, body) {
  seen.length = 0;
  page.body = body;
  await page.goto("http://mail.invalid/document", { waitUntil: "load", timeout: 15_000 }).catch((cause) => seen.push(`navigation: ${String(cause).split("\n")[0]}`));
  return page.evaluate(async () => {
    // Whatever listens is called: the handlers of attributes run on synthetic events too.
    const names = ["click", "dblclick", "auxclick", "mouseover", "mousemove", "mouseenter", "pointerover", "pointerrawupdate", "contextmenu", "focus", "focusin", "blur", "focusout",
      "load", "error", "keydown", "wheel", "drag", "copy", "cut", "paste", "toggle", "beforetoggle", "animationstart", "animationend", "transitionend", "beforeinput", "input", "change", "scroll", "scrollend",
      "submit", "reset", "invalid", "select", "selectstart", "start", "finish", "pageshow", "hashchange", "message", "begin", "end", "repeat", "close"];
    const all = [...document.querySelectorAll("*")];
    for (const element of all) {
      if (element.localName === "a" || element.localName === "area") element.addEventListener("click", (event) => event.preventDefault());
      for (const name of names) element.dispatchEvent(new Event(name, { bubbles: false, cancelable: true }));
    }
    await new Promise((done) => setTimeout(done, 0));
    return {
      fired: window.fired ?? 0,
      elements: all.map((element) => element.namespaceURI === "http://www.w3.org/1999/xhtml" ? element.tagName : `foreign ${element.tagName}`),
      attributes: [...document.body.querySelectorAll("*")].flatMap((element) => [...element.attributes].map((attribute) => attribute.name)),
      links: all.filter((element) => element.localName === "a" && element.hasAttribute("href")).map((element) => [element.protocol, element.rel, element.target].join(" ")),
      clobbered: ["cookie", "body", "getElementById", "location", "currentScript", "forms"].filter((name) => document[name] instanceof HTMLElement && name !== "body" && name !== "currentScript"),
    };
  }).catch((cause) => ({ lost: String(cause).split("\n")[0] }));
}

async function newPage() {
  const context = await browser.newContext({ viewport: { width: 800, height: 600 }, serviceWorkers: "block" });
  const page = await context.newPage();
  const seen = [];
  page.on("dialog", (dialog) => { seen.push(`dialog: ${dialog.message()}`); void dialog.dismiss().catch(() => undefined); });
  page.on("popup", (popup) => { seen.push("a window"); void popup.close().catch(() => undefined); });
  page.on("worker", () => seen.push("a worker"));
  page.on("websocket", (socket) => seen.push(`a socket: ${socket.url()}`));
  page.on("pageerror", (error) => seen.push(`script ran: ${error.message}`));
  await page.exposeFunction("fire", () => seen.push("script ran"));
  await page.addInitScript(() => { window.alert = window.MsgBox = window.msgbox = () => { window.fired = (window.fired ?? 0) + 1; window.fire(); }; });
  await context.route("**/*", async (route) => {
    const request = route.request();
    if (request.url() === "http://mail.invalid/document" && request.isNavigationRequest() && request.frame() === page.mainFrame())
      return route.fulfill({ status: 200, contentType: "text/html; charset=utf-8", body: page.body });
    if (!request.url().startsWith("data:") && !request.url().endsWith("/favicon.ico")) seen.push(`request: ${request.url()}`);
    return route.abort();
  });
  return { context, page, seen };
}

let failed = 0;
const fail = (document, what) => {
  failed += 1;
  console.log(`FAILED  ${document.class}: ${document.raw.slice(0, 200)}\n        ${what}`);
};

// The control: raw payloads, every third, must be caught doing something, or the watching is worth nothing.
const control = documents.filter((_, number) => number % 3 === 0);
let caught = 0;
const kinds = new Set();
{
  let { context, page, seen } = await newPage();
  for (const document of control) {
    const found = await load(page, seen, document.raw);
    if (seen.length > 0 || found.fired > 0) {
      caught += 1;
      kinds.add(document.class);
    }
    // A page that a payload led away or hung is no page for the next.
    if (found.lost || seen.some((line) => line.startsWith("navigation"))) {
      await context.close();
      ({ context, page, seen } = await newPage());
    }
  }
  await context.close();
}

const { context, page, seen } = await newPage();
for (const document of documents) {
  const found = await load(page, seen, document.sanitised);
  if (seen.length > 0) fail(document, [...seen].join("; "));
  if (found.lost || found.fired) fail(document, found.lost ?? "script ran");
  const foreign = (found.elements ?? []).filter((name) => !elements.has(name));
  if (foreign.length > 0) fail(document, `elements: ${foreign.join(" ")}`);
  const handlers = (found.attributes ?? []).filter((name) => name.startsWith("on") || ["id", "name", "srcset", "srcdoc", "action", "formaction", "background", "class"].includes(name));
  if (handlers.length > 0) fail(document, `attributes: ${handlers.join(" ")}`);
  for (const link of found.links ?? [])
    if (!/^(https?:|mailto:) noopener noreferrer nofollow _blank$/.test(link)) fail(document, `link: ${link}`);
  if ((found.clobbered ?? []).length > 0) fail(document, `clobbered: ${found.clobbered.join(" ")}`);
}
await context.close();
await browser.close();

console.log(`control: ${caught} of ${control.length} raw payloads act in this browser, of ${kinds.size} classes`);
if (caught < control.length / 4 || kinds.size < 10) {
  failed += 1;
  console.log("FAILED  the control: too few raw payloads were seen to act");
}
console.log(`${documents.length} payloads, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
