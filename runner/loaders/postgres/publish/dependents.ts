// Reasons against swapping a table for another: objects that refer to the table itself and would be lost or broken.
import type { Transaction } from '../../../../sdk/index.ts'
import { relation, type TableName } from '../names.ts'

/** Reasons, in the words of the warning; each is a condition on the table `t` (pg_class). */
const reasons: Record<string, string> = {
  'views or functions use the table': `EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'n'
      AND NOT (d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT c.oid FROM pg_constraint c WHERE c.conrelid = t.oid)) AND (
      (d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid) OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = t.reltype)))`,
  'foreign keys point at or leave the table': `EXISTS (SELECT FROM pg_constraint c WHERE c.contype = 'f' AND (c.conrelid = t.oid OR c.confrelid = t.oid))`,
  'it has an exclusion constraint': `EXISTS (SELECT FROM pg_constraint c WHERE c.contype = 'x' AND c.conrelid = t.oid)`,
  'it has triggers': `EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal)`,
  'it has row-level security': `t.relrowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid)`,
  'it has rules': `EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = t.oid)`,
  'it is partitioned or inherits': `t.relkind <> 'r' OR t.relispartition OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.oid OR i.inhparent = t.oid)`,
  'it owns a sequence': `EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid)`,
  'it has generated columns': `EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attgenerated <> '')`,
  'it has grants on columns': `EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attacl IS NOT NULL)`,
  'it is published': `EXISTS (SELECT FROM pg_publication_rel p WHERE p.prrelid = t.oid)`,
  'it has extended statistics': `EXISTS (SELECT FROM pg_statistic_ext s WHERE s.stxrelid = t.oid)`,
  'it is stored in a way of its own': `t.relreplident <> 'd' OR t.reltablespace <> 0 OR t.relpersistence <> 'p' OR t.reloftype <> 0`,
}

export async function reasonAgainstSwap(tx: Transaction, table: TableName): Promise<string | undefined> {
  const cases = Object.entries(reasons).map(([reason, condition]) => `WHEN ${condition} THEN '${reason}'`)
  const { rows } = await tx.query(`SELECT CASE ${cases.join('\n')} END AS reason FROM pg_class t WHERE t.oid = $1::regclass`, [relation(table)])
  return (rows[0]?.reason as string | null) ?? undefined
}
