import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { mock } from "./dev/mock.ts";

/** The server to talk to while developing; without it, a simulated centre answers. */
const server = process.env.CORDBOARD_URL;
const simulated = process.env.CORDBOARD_MOCK ?? (!server && !process.env.VITEST);
/** The server refuses what another site's page asks for, and this page comes from another port. */
const own = { target: server, headers: server ? { origin: new URL(server).origin } : {}, changeOrigin: true };

export default defineConfig({
  plugins: [react(), ...(simulated ? [mock()] : [])],
  server: {
    proxy: server
      ? { "/v1": own, "/ws": { ...own, ws: true }, "/openapi.json": own, "/docs": own, "/dashboard": own }
      : undefined,
  },
  // As the server sends it, so that a page it would break is seen to break.
  preview: { headers: { "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'" } },
  build: {
    target: "es2022",
    // The server's content security policy allows no data: URLs.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    css: false,
    // A busy machine draws a large form slowly.
    testTimeout: 20_000,
  },
});
