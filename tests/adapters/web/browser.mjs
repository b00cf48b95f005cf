// What the suites of browser tests share: a server, a browser, and the ways to look at a page. Nothing here waits for a
// length of time: every wait is for something to be seen.

import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { client } from "./seed.mjs";

const require = createRequire(new URL("../../../adapters/web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const patience_ms = 15_000;
const shots = process.env.PARLANCE_SHOTS ?? mkdtempSync(join(tmpdir(), "parlance-page-"));
mkdirSync(shots, { recursive: true });

export async function start() {
  let mock = null;
  let url = process.env.PARLANCE_URL?.replace(/\/$/, "");
  let link = process.env.PARLANCE_LINK ?? "";
  let token = process.env.PARLANCE_TOKEN ?? "";
  if (url === undefined) {
    const { createMock, isBuilt } = await import("./mock_server.mjs");
    if (!isBuilt()) {
      console.error("There is no page to test: run `npm run build` first.");
      process.exit(2);
    }
    mock = createMock();
    url = await mock.listen();
    link = mock.link();
    token = mock.token;
  }
  const linkToken = link.replace(/^.*#\/sign-in\//, "");
  const call = client(url, token);

  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--no-first-run", "--no-pings", "--disable-gpu"],
  });
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
    try {
      await body();
      passed += 1;
      console.log(`ok      ${name}`);
    } catch (cause) {
      failed += 1;
      console.log(`FAILED  ${name}: ${String(cause?.message ?? cause).split("\n").slice(0, 6).join(" | ")}`);
      await current?.screenshot({ path: join(shots, `failed-${failed}.png`) }).catch(() => undefined);
    }
  }
  function expect(truth, what) {
    if (!truth) throw new Error(`expected ${what}`);
  }
  function same(found, wanted, what) {
    if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`);
  }
  const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) });
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
    await page.locator("#composer-text").fill(words);
  }
  async function accessible(page, where) {
    await page.evaluate(axe);
    // A colour on its way to another is neither of the two.
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
    const result = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
    same(result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target.join(" ")}${one.id === "color-contrast" ? ` ${node.any[0]?.data?.fgColor} on ${node.any[0]?.data?.bgColor}` : ""}`).join(", ")}`), [], `accessibility faults ${where}`);
  }

  /** Another page that is signed in, with the page's own settings as said. */
  async function signedIn(settings = {}, options = {}) {
    const opened = await open(options);
    await opened.context.addInitScript((kept) => {
      if (location.protocol === "http:" && window === top && localStorage.getItem("parlance.settings") === null) localStorage.setItem("parlance.settings", kept);
    }, JSON.stringify({ undoSeconds: 0, ...settings }));
    await opened.context.request.post(`${url}/v1/session`, { data: { token }, headers: { "Parlance-Request": "page", Origin: url } });
    await opened.page.goto(`${url}/`);
    await opened.page.locator(".desk").waitFor();
    focusOn(opened.page);
    return opened;
  }
  function focusOn(page) {
    current = page;
  }

  async function finish() {
    await check("no request left for another host, and the browser had nothing to complain of", async () => {
      same([...foreign], [], "foreign requests");
      same(complaints, [], "complaints");
    });
    await browser.close();
    await mock?.close();
    console.log(`screenshots in ${shots}`);
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  }

  return { url, linkToken, token, call, mock, open, signedIn, focusOn, check, expect, same, shot, row, text, state, ticket, timeline, view, write, accessible, finish };
}
