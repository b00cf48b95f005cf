// Fails when the script of the first load is over its budget: 60 kB gzip.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const budget = 60_000;
const out = process.env.PARLANCE_WEB_OUT ?? fileURLToPath(new URL("../dist", import.meta.url));
const assets = join(out, "assets");
let total = 0;
for (const name of readdirSync(assets)) {
  const bytes = readFileSync(join(assets, name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  if (name.endsWith(".js")) total += packed;
  console.log(`${name}: ${bytes.length} bytes, ${packed} gzip`);
}
console.log(`script of the first load: ${total} of ${budget} bytes gzip`);
process.exit(total <= budget ? 0 : 1);
