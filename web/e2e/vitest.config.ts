import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["e2e/**/*.spec.ts"],
    globalSetup: ["e2e/centre.ts"],
    fileParallelism: false,
    // One story: what follows a failed step would fail for its sake.
    bail: 1,
    reporters: ["agent"],
    // A step that waits for the centre to move waits at most this long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
