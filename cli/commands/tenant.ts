// headgate store tenant
import { HeadgateError } from '../../sdk/index.ts'
import { admitTenant, type Tenant } from '../../store/tenants.ts'
import { cliConfig } from '../config.ts'
import { exitCodes } from '../exit-codes.ts'
import { json, type Terminal } from '../output.ts'
import { openStore } from './store.ts'

export type TenantOptions = { database?: string; role?: string; schema?: string[]; createSchemas?: boolean }

/** Migrates the store if need be, and admits the role. */
export async function tenantCommand(namespace: string, options: TenantOptions, terminal: Terminal): Promise<number> {
  const request = {
    namespace,
    role: options.role ?? roleFor(namespace),
    schemas: options.schema ?? [],
    createSchemas: options.createSchemas === true,
    password: cliConfig().tenantPassword,
  }
  const store = await openStore(options.database)
  try {
    const tenant = await store.session.transaction((transaction) => admitTenant(transaction, request))
    terminal.write(terminal.form === 'json' ? json({ ...tenant, schemas: request.schemas }) : sentence(tenant, request.schemas))
    return exitCodes.ok
  } finally {
    await store.close()
  }
}

/** No namespace has an underscore, so two never get the same role. */
function roleFor(namespace: string): string {
  if (namespace === '*') throw new HeadgateError('InvalidConfig', 'give --role: a role for all namespaces has no name of its own')
  return `headgate_${namespace.replaceAll('-', '_')}`
}

function sentence({ role, created, namespaces }: Tenant, schemas: readonly string[]): string {
  const scope = namespaces.includes('*') ? 'the pipelines of all namespaces' : `the pipelines of ${namespaces.join(', ')}`
  const tables = schemas.length === 0 ? '' : `, and may create tables in ${schemas.join(', ')}`
  return `Role ${role}${created ? ', which was created,' : ''} sees and runs ${scope}${tables}.\n`
}
