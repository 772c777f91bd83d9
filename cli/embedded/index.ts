// What the rest of the command, the tests and the benchmark may use of the embedded PostgreSQL.
export { type EmbeddedPostgres, startPostgres } from './server.ts'
export { embeddedStore } from './store.ts'
