// The page in a real browser, as agents use it. Prints one line per check and ends with "N passed, N failed".
//
//   node tests/adapters/web/browser_test.mjs [SUITE...]       against the double in this folder (build the page first)
//   PARLANCE_URL=... PARLANCE_LINK=... PARLANCE_TOKEN=... node ...    against a running server:
//       its address, a fresh sign-in link, and a bearer token that may ingest and administer
//   PARLANCE_SHOTS=DIR     where the screenshots go (a new temporary folder unless said)
//   CHROMIUM=PATH          the browser (/usr/bin/chromium unless said)

import { start } from "./browser.mjs";

const suites = ["agent", "writing", "finding", "acting", "pages", "long"];
const wanted = process.argv.slice(2);
const desk = await start();
for (const name of suites.filter((one) => wanted.length === 0 || wanted.includes(one))) {
  console.log(`# ${name}`);
  await (await import(`./suite_${name}.mjs`)).default(desk);
}
process.exit(await desk.finish());
