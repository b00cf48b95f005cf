import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.PARLANCE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: here("."),
  resolve: { alias: { "@web": here("src") } },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: process.env.PARLANCE_WEB_OUT ?? here("dist"),
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows neither data: scripts nor inline ones, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // The unit tests lie outside this folder.
    fs: { allow: [here("."), here("../../tests/adapters/web")] },
    // `npm run dev` shows the page from source in front of a running server. The server refuses commands
    // from a foreign Origin, so the proxy speaks under the server's own.
    proxy: {
      "/v1": {
        target: server,
        configure: (proxy) => proxy.on("proxyReq", (request) => request.setHeader("origin", server)),
      },
    },
  },
  test: {
    globals: true,
    environment: "happy-dom",
    include: [here("../../tests/adapters/web/**/*.test.ts")],
  },
});
