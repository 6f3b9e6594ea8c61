import { defineConfig } from "vitest/config";

/** Unit tests lie beside the code; what needs several processes or real servers is in test/. */
export default defineConfig({
  test: {
    reporters: ["default", "./scripts/count-reporter.mjs"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "proto/src/**/*.test.ts"],
          testTimeout: 20_000,
          // Several files share the cores; a second is not always enough.
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/**/*.test.ts"],
          // They share two cores and start real servers: one file at a time, in its own process.
          pool: "forks",
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
