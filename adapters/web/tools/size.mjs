// Fails when the script of the first load is over its budget: 60 kB gzip. That is what index.html names and what those
// files import at once; what they fetch later does not count.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const budget = 60_000;
const out = process.env.PARLANCE_WEB_OUT ?? fileURLToPath(new URL("../dist", import.meta.url));
const assets = join(out, "assets");

const first = new Set();
function load(name) {
  if (first.has(name)) return;
  first.add(name);
  const text = readFileSync(join(assets, name), "utf8");
  // An import that waits, import("./x.js"), has a bracket; one of the first load has none.
  for (const [, imported] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) load(imported);
}
const page = readFileSync(join(out, "index.html"), "utf8");
for (const [, name] of page.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)) load(name);

let total = 0;
for (const name of readdirSync(assets)) {
  const bytes = readFileSync(join(assets, name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  if (first.has(name)) total += packed;
  console.log(`${name}: ${bytes.length} bytes, ${packed} gzip${name.endsWith(".js") && !first.has(name) ? ", later" : ""}`);
}
console.log(`script of the first load: ${total} of ${budget} bytes gzip`);
process.exit(first.size > 0 && total <= budget ? 0 : 1);
