import { defineConfig } from "vitest/config";

/** Unit tests lie beside the code; what needs several processes or real servers is in test/. */
export default defineConfig({
  test: {
    reporters: ["default", "./scripts/count-reporter.mjs"],
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: ["./scripts/property-tests.mjs"],
          include: ["packages/*/src/**/*.test.ts", "proto/src/**/*.test.ts"],
          sequence: { groupOrder: 0 },
          // Modules keep no state of their own, so the files of a worker share them: half of the time went on loading.
          isolate: false,
          testTimeout: 20_000,
          // Several files share the cores; a second is not always enough.
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: "cluster",
          setupFiles: ["./scripts/property-tests.mjs"],
          include: ["test/**/*.test.ts"],
          // They start real servers and wait more than they compute: two files at a time, each in a
          // process of its own, after the unit tests.
          pool: "forks",
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
