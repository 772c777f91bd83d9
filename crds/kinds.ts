// Kinds: what a part of a pipeline may be, such as source: {files: …} or source: {plugin: …}. Each kind is one entry of a registry
// (crds/sources, crds/formats, crds/destinations). Rules, secrets, volumes, checks and the reference page follow from the entries.
import Type, { type Static, type TOptional, type TSchema } from 'typebox'
import { type CelRule, closed } from './shapes.ts'

/** A key of a Secret of the pipeline's namespace. */
export type SecretKey = { name: string; key: string }

export type Kind<Config extends TSchema = TSchema> = {
  /** The definition of its configuration. */
  config: Config
  /** Secrets that the configuration names. A worker finds them in its environment. */
  secrets?(config: Static<Config>): SecretKey[]
}

/** A volume that a worker's pod mounts, read-only. `volume` is the source of a Kubernetes volume. */
export type PodVolume = { name: string; volume: { persistentVolumeClaim?: { claimName: string }; configMap?: { name: string } }; mountPath: string }

/** A text of the configuration that may hold placeholders, with its path below the kind. */
export type Templated = { path: readonly (string | number)[]; text: string }

export type SourceKind<Config extends TSchema = TSchema> = Kind<Config> & {
  /** Whether it gives bytes, so that a format has to say how they become records. */
  needsFormat: boolean
  volumes?(config: Static<Config>): PodVolume[]
  templates?(config: Static<Config>): Templated[]
}

/** Where relative paths of a pipeline start in a pod. */
export const dataFolder = '/data'

type Kinds = Record<string, Kind>

/** The definition of a part that is exactly one of the kinds. `what` is its name in messages. */
export function oneKind<Given extends Kinds>(what: string, kinds: Given, description: string) {
  const properties = Object.fromEntries(Object.entries(kinds).map(([name, { config }]) => [name, Type.Optional(config)]))
  return Type.Object(properties as { [Name in keyof Given]: TOptional<Given[Name]['config']> }, closed(description, [exactlyOne(what, Object.keys(kinds))]))
}

/** The kind that a part of a pipeline is, with its name and configuration; undefined if it is none of them. */
export function declaredKind<Entry>(
  entries: Readonly<Record<string, Entry>>,
  part: object | undefined,
): { name: string; entry: Entry; config: unknown } | undefined {
  const [name, config] = Object.entries(part ?? {}).find(([key, value]) => value !== undefined && Object.hasOwn(entries, key)) ?? []
  return name === undefined ? undefined : { name, entry: entries[name] as Entry, config }
}

/** Exactly one of the properties of an object may be set. */
export function exactlyOne(what: string, names: readonly string[]): CelRule {
  const list = names.map((name) => `has(self.${name})`).join(', ')
  const offer = names.length === 1 ? names[0] : `one of ${names.join(', ')}`
  return { rule: `[${list}].exists_one(x, x)`, message: `${what} needs exactly one kind: declare ${offer}`, reason: 'FieldValueRequired' }
}
