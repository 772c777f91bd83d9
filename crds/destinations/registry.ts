// The kinds of destination. A new one is a file beside this one, a folder in runner/loaders, and a line in both registries.
import { oneKind } from '../kinds.ts'
import { Plugin } from '../plugin.ts'
import { postgres } from './postgres.ts'

export const destinations = { postgres }

export const Destination = oneKind('destination', { ...destinations, plugin: { config: Plugin } }, 'Where the records go; exactly one kind.')
