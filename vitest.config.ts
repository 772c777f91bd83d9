import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{crds,sdk,store,runner,operator,cli,test,examples}/**/*.test.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
