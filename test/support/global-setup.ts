// Starts the PostgreSQL that all test files share.
import type { TestProject } from 'vitest/node'

export default async function setup(project: TestProject): Promise<void> {
  const url = process.env.HEADGATE_TEST_POSTGRES
  if (url === undefined) throw new Error('HEADGATE_TEST_POSTGRES is not set')
  project.provide('postgresUrl', url)
}
