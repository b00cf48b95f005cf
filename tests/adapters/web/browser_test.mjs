// The page in a real browser, as agents use it. Prints one line per check and ends with "N passed, N failed".
//
//   node tests/adapters/web/browser_test.mjs [SUITE...]       against the double in this folder (build the page first)
//   PARLANCE_DESKS='[{"url", "link", "token"}, ...]' node ...    against running servers, as many as there are suites:
//       each with its address, a fresh sign-in link, and a bearer token that may ingest and administer
//   PARLANCE_SHOTS=DIR     takes a picture of every screen, there
//   CHROMIUM=PATH          the browser (/usr/bin/chromium unless said)
//
// Each suite has a server of its own, because what it looks at are lists and counts. So they run at once: most of what a
// suite does is to wait for what a person would wait for.

import { launch, start, where } from "./browser.mjs";

// The last one measures how smooth a list is and shares the browser with nobody.
const suites = ["agent", "writing", "finding", "pages", "acting", "desk"];
const alone = ["long"];

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const chosen = (names) => names.filter((one) => wanted.length === 0 || wanted.includes(one));
const servers = process.env.PARLANCE_DESKS === undefined ? null : JSON.parse(process.env.PARLANCE_DESKS);
if (servers === null && !(await import("./mock_server.mjs")).isBuilt()) {
  console.error("There is no page to test: run `npm run build` first.");
  process.exit(2);
}

const browser = await launch();
const found = [];

async function run(name) {
  const began = performance.now();
  const server = servers === null ? null : servers.shift();
  if (server === undefined) throw new Error(`no server is left for ${name}`);
  const desk = await start(browser, name, server);
  // A suite that cannot even begin is a check that failed.
  await (await import(`./suite_${name}.mjs`)).default(desk).catch((cause) => desk.check(`the suite ${name} runs to its end`, () => { throw cause; }));
  const result = await desk.finish();
  found.push(result);
  console.log([`# ${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`, ...result.said].join("\n"));
}

await Promise.all(chosen(suites).map(run));
for (const name of chosen(alone)) await run(name);
await browser.close();

const strangers = found.flatMap((one) => [...one.foreign.map((url) => `a request for ${url}`), ...one.complaints]);
console.log(`${strangers.length === 0 ? "ok    " : "FAILED"}  no request left for another host, and the browser had nothing to complain of${strangers.map((one) => `\n        ${one}`).join("")}`);
const count = (of) => found.reduce((sum, one) => sum + one[of], 0);
const failed = count("failed") + (strangers.length === 0 ? 0 : 1);
console.log(where());
console.log(`${count("passed") + (strangers.length === 0 ? 1 : 0)} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
