import { defineConfig } from 'vitest/config'

/** Everything that starts a cluster comes after the rest, one file at a time, so that neither waits for the other's processor time. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/reporter.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        test: {
          name: 'parts',
          include: ['{crds,sdk,store,runner,operator,cli,charts,test,examples}/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/e2e/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
