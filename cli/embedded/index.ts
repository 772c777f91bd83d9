// What the rest of the command, the tests and the benchmark may use of the embedded PostgreSQL.
export { type EmbeddedPostgres, type PostgresOptions, startPostgres } from './server.ts'
export { type EmbeddedStore, embeddedStore } from './store.ts'
