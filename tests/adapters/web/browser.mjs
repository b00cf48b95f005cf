// What a suite of browser tests is given: a server, contexts in a browser, and the ways to look at a page. Nothing here waits for a
// length of time: every wait is for something to be seen.

import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { client } from "./seed.mjs";

const require = createRequire(new URL("../../../adapters/web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const patience_ms = 30_000;
// Pictures of every screen are taken for somebody who asked for them, and of a check that fails always.
const pictures = process.env.PARLANCE_SHOTS !== undefined;
const shots = process.env.PARLANCE_SHOTS ?? mkdtempSync(join(tmpdir(), "parlance-page-"));
mkdirSync(shots, { recursive: true });

/** One browser for all suites; each has contexts of its own in it. */
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--no-first-run", "--no-pings", "--disable-gpu"],
});

/** A suite's desk: `server` is a running one {url, link, token}, or null for a double of its own. */
export async function start(browser, suite, server) {
  let mock = null;
  if (server === null) {
    const { createMock } = await import("./mock_server.mjs");
    mock = createMock();
    server = { url: await mock.listen(), link: mock.link(), token: mock.token };
  }
  const { token } = server;
  const url = server.url.replace(/\/$/, "");
  const linkToken = server.link.replace(/^.*#\/sign-in\//, "");
  const call = client(url, token);
  const said = [];

  const foreign = new Set();
  const complaints = [];

  async function open(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", timezoneId: "UTC", colorScheme: "light", reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(patience_ms);
    context.on("request", (request) => {
      // The page's own socket and what it made itself (blob:) have the same origin after their scheme.
      if (!request.url().replace(/^(ws|blob:http):/, "http:").startsWith(`${url}/`)) foreign.add(request.url());
    });
    const page = await context.newPage();
    page.on("console", (line) => {
      // A refused or cut request is reported by the browser itself; the checks below cause some on purpose.
      if (line.type() === "error" && !/^(Failed to load resource|WebSocket connection to)/.test(line.text())) complaints.push(line.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return { context, page };
  }

  let passed = 0;
  let failed = 0;
  let current = null;
  async function check(name, body) {
    const began = performance.now();
    const took = () => `${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`;
    try {
      await body();
      passed += 1;
      said.push(`ok      ${took()}  ${name}`);
    } catch (cause) {
      failed += 1;
      said.push(`FAILED  ${took()}  ${name}: ${String(cause?.message ?? cause).split("\n").slice(0, 6).join(" | ")}`);
      await current?.screenshot({ path: join(shots, `failed-${suite}-${failed}.png`) }).catch(() => undefined);
    }
  }
  function expect(truth, what) {
    if (!truth) throw new Error(`expected ${what}`);
  }
  function same(found, wanted, what) {
    if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`);
  }
  const shot = (page, name) => (pictures ? page.screenshot({ path: join(shots, `${name}.png`) }) : undefined);
  const row = (page, id) => page.locator(`.row[data-id="${id}"]`);
  const text = (page, words, kind = "article") => page.locator(kind, { hasText: words });
  const state = (page, name) => page.locator(".thread-facts .chip", { hasText: name }).waitFor();
  const ticket = (id) => call("GET", `/v1/conversations/${id}`);
  const timeline = async (id) => (await call("GET", `/v1/conversations/${id}/timeline?limit=200`)).data;

  async function view(page, id) {
    await page.evaluate((to) => (location.hash = `#/conversations/${to}`), id);
    await page.locator(`#timeline article`).first().waitFor();
  }
  async function write(page, words) {
    // Nobody writes under a dialog, which closes when its act is answered. fill() would: the browser puts the words into the dialog.
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await page.locator("#composer-text").fill(words);
  }
  async function accessible(page, where) {
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
    // A colour on its way to another is neither of the two.
    // What inherits one sets out when the other has arrived.
    await page.evaluate(async () => {
      const running = () => document.getAnimations().filter((one) => one.pending || one.playState === "running");
      do {
        await Promise.allSettled(running().map((one) => one.finished));
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      } while (running().length !== 0);
    });
    const result = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }));
    same(result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target.join(" ")}${one.id === "color-contrast" ? ` ${node.any[0]?.data?.fgColor} on ${node.any[0]?.data?.bgColor}` : ""}`).join(", ")}`), [], `accessibility faults ${where}`);
  }

  /** Another page that is signed in, with the page's own settings as said; `as`: the token of somebody else. */
  async function signedIn(settings = {}, options = {}, as = token) {
    const opened = await open(options);
    await opened.context.addInitScript((kept) => {
      if (location.protocol === "http:" && window === top && localStorage.getItem("parlance.settings") === null) localStorage.setItem("parlance.settings", kept);
    }, JSON.stringify({ undoSeconds: 0, ...settings }));
    await opened.context.request.post(`${url}/v1/session`, { data: { token: as }, headers: { "Parlance-Request": "page", Origin: url } });
    await opened.page.goto(`${url}/`);
    await opened.page.locator(".desk").waitFor();
    focusOn(opened.page);
    return opened;
  }
  /** One more tab of somebody who is signed in. */
  async function tab(context) {
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${url}/`);
    await page.locator(".desk").waitFor();
    focusOn(page);
    return page;
  }
  function focusOn(page) {
    current = page;
  }

  /** What was found: the lines to print, the counts, and what no page of any suite may do. */
  async function finish() {
    await mock?.close();
    return { said, passed, failed, foreign: [...foreign], complaints };
  }

  const tell = (line) => said.push(`        ${line}`);
  return { url, linkToken, token, call, mock, tell, open, signedIn, tab, focusOn, check, expect, same, shot, row, text, state, ticket, timeline, view, write, accessible, finish };
}

export const where = () => (pictures ? `pictures in ${shots}` : `pictures of what failed in ${shots}`);
