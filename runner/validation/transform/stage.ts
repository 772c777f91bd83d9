// TransformStage: runs a pipeline's transformers as part of the column program. Turns accepted candidates into the records that are written.
import type { Schema } from '../../../crds/fields.ts'
import type { FieldTransformer, RecordError, SourceRecord, Transformer, TypedRecord } from '../../../sdk/index.ts'
import { foreign } from '../../../sdk/quoting.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { type Candidate, extraColumn, type Made } from '../candidate.ts'
import { compileField, compileFields, type FieldPlan, keyBytesOf } from '../field-plan.ts'
import { type Answer, changedValue, failed, RejectedByTransform, readAnswer, reading } from './answer.ts'
import { keptValue, madeValue, type Output, readMade } from './made.ts'
import { type Move, type PlannedStep, sameDeclaration, type TransformPlan } from './plan.ts'
import { compileNewest, type NewestOfEachKey } from './same-key.ts'

export type StageOptions = {
  schema: Schema
  columns: readonly DestinationColumn[] | undefined
  transforms: TransformPlan
  /** Key columns of the destination; empty or undefined if every record becomes a row. */
  key?: readonly string[] | undefined
}

/** One step of a value: `change` of a transformer, and the field that the result must fit. */
export type Change = { name: string; transformer: FieldTransformer; from: string; plan: FieldPlan }

/** The declared field that a written field comes from, and its changes. */
export type Origin = { /** Index of the declared field. */ input: number; changes: readonly Change[]; plan: FieldPlan }

type Step = { name: string; transformer: Transformer; outputs: ReadonlyMap<string, Output>; moves: readonly Move[] | undefined }

/** Returns the error of a plugin in the form that may be stored, see Secrecy. */
export type Redact = (error: RecordError, source: SourceRecord) => RecordError

export class TransformStage {
  /** The declared fields. A value that no transformer touches is checked against its column when it is read. */
  readonly inputs: FieldPlan[]
  /** The fields that are written. */
  readonly outputs: readonly FieldPlan[]
  /** One for each of `outputs`; undefined if a transformer takes whole records. */
  readonly origins: readonly Origin[] | undefined
  readonly #schema: Schema
  readonly #capture: boolean
  readonly #steps: readonly Step[]
  readonly #newest: NewestOfEachKey | undefined

  /** Throws InvalidSchema, ColumnMismatch. */
  constructor({ schema, columns, transforms: planned, key = [] }: StageOptions) {
    this.#schema = planned.schema
    this.#capture = schema.unknownFields === 'capture'
    if (planned.steps.length === 0) {
      this.inputs = compileFields(schema, columns)
      this.outputs = this.inputs
      this.origins = this.inputs.map((plan, input) => ({ input, changes: [], plan }))
      this.#steps = []
      return
    }
    this.#steps = planned.steps.map((step, place) => this.#compileStep(step, place === planned.steps.length - 1 ? columns : undefined))
    const last = this.#steps.at(-1) as Step
    this.outputs = planned.schema.fields.map(({ name }) => (last.outputs.get(name) as Output).plan)
    this.origins = this.#steps.every(({ moves }) => moves !== undefined) ? this.outputs.map((plan) => originOf(plan, this.#steps, schema)) : undefined
    this.inputs = schema.fields.map((field, index) => compileField(field, this.#written(schema, index)))
    this.#newest = compileNewest(this.outputs, key, planned.schema.versionField)
  }

  /** Whether a transformer takes whole records, so that each record is read as an object. */
  get whole(): boolean {
    return this.origins === undefined
  }

  get empty(): boolean {
    return this.#steps.length === 0
  }

  /** Transforms accepted candidates: sets `made`, or adds errors. */
  async apply(candidates: readonly Candidate[], redact: Redact): Promise<void> {
    if (this.empty) return
    for (const candidate of candidates) candidate.made = begin(candidate)
    for (const step of this.#steps) {
      const accepted = candidates.filter(({ errors }) => errors.length === 0)
      if (step.moves === undefined) await transformRecords(step, accepted, redact)
      else for (const candidate of accepted) changeFields(step, step.moves, candidate, redact)
    }
    for (const { made } of candidates) this.#keepNewest(made)
  }

  /** Transforms one accepted candidate. Only if no transformer takes whole records. */
  applyNow(candidate: Candidate, redact: Redact): void {
    if (this.empty) return
    candidate.made = begin(candidate)
    for (const step of this.#steps) {
      if (candidate.errors.length === 0) changeFields(step, step.moves as readonly Move[], candidate, redact)
    }
  }

  /**
   * The value of a key field for a rejected record, which is not transformed: as the FieldTransformers would change it.
   * Undefined if it is not known. RecordTransformers are assumed to keep the values of key fields.
   */
  keyValue(name: string, record: TypedRecord): unknown {
    const origin = this.origins?.find(({ plan }) => plan.name === name)
    if (origin === undefined) return record[name]
    let value = record[this.inputs[origin.input]?.name as string]
    for (const { name: transform, transformer, from, plan } of origin.changes) {
      if (value === null || value === undefined) return undefined
      try {
        value = madeValue(transform, plan, changedValue(transform, transformer, value, from), { errors: [], parked: [], warnings: [] })
      } catch {
        // The record was never accepted, so `change` may throw for its values.
        return undefined
      }
    }
    return value
  }

  #keepNewest(made: Made | undefined): void {
    if (made === undefined || this.#newest === undefined || made.records.length < 2) return
    const records = this.#newest(made.records)
    made.superseded += made.records.length - records.length
    made.records = records
  }

  #compileStep({ transformer, name, given, fields, moves }: PlannedStep, columns: StageOptions['columns']): Step {
    const byName = new Map(columns?.map((column) => [column.name, column]))
    const before = new Map(given.map((field) => [field.name, field]))
    const outputs = new Map<string, Output>()
    for (const field of fields) {
      const plan = compileField(field, { column: byName.get(field.name), keyBytes: keyBytesOf(this.#schema, field.name) })
      const present = before.get(field.name)
      outputs.set(field.name, { plan, same: present !== undefined && sameDeclaration(present, field) })
    }
    if (this.#capture) {
      const field = { name: extraColumn, type: 'json', nullable: true } as const
      outputs.set(extraColumn, { plan: compileField(field, { column: byName.get(extraColumn), keyBytes: undefined }), same: true })
    }
    return { transformer, name, outputs, moves }
  }

  /** The column that a declared field's values are written to unchanged, if there is exactly one. */
  #written(schema: Schema, index: number): Parameters<typeof compileField>[1] {
    const written = this.origins?.filter(({ input }) => input === index) ?? []
    const [only] = written
    if (only === undefined || written.length > 1 || only.changes.length > 0) return { column: undefined, keyBytes: undefined }
    return { column: only.plan.column, keyBytes: keyBytesOf(schema, only.plan.name) }
  }
}

function originOf(plan: FieldPlan, steps: readonly Step[], schema: Schema): Origin {
  const changes: Change[] = []
  let name = plan.name
  for (const step of steps.toReversed()) {
    const place = [...step.outputs.keys()].indexOf(name)
    const { from, changed } = (step.moves as readonly Move[])[place] as Move
    const output = step.outputs.get(name) as Output
    if (changed) changes.unshift({ name: step.name, transformer: step.transformer as FieldTransformer, from, plan: output.plan })
    name = from
  }
  return { input: schema.fields.findIndex((field) => field.name === name), changes, plan }
}

function begin({ record }: Candidate): Made {
  return { records: [record], derived: 0, filtered: 0, superseded: 0 }
}

async function transformRecords(step: Step, candidates: readonly Candidate[], redact: Redact): Promise<void> {
  const given = candidates.flatMap(({ made }) => made?.records ?? [])
  if (given.length === 0) return
  // Copies, because a transformer may change its arguments.
  const copies = given.map((record) => ({ ...record }))
  const answers: unknown = await foreign(() => step.transformer.transform(copies))
  if (!Array.isArray(answers) || answers.length !== given.length) {
    const found = Array.isArray(answers) ? `${answers.length} results` : 'no list of results'
    throw failed(step.name, `returned ${found} for ${given.length} records; return a list with one result for each`)
  }
  let next = 0
  for (const candidate of candidates) {
    const first = next
    next += candidate.made?.records.length ?? 0
    reading(step.name, () => takeAnswers(step, candidate, answers, first, redact))
  }
}

/** Replaces the candidate's records by the results for them. */
function takeAnswers(step: Step, candidate: Candidate, answers: readonly unknown[], first: number, redact: Redact): void {
  const made = candidate.made as Made
  const records: TypedRecord[] = []
  for (const [index, before] of made.records.entries()) {
    const answer: Answer = readAnswer(step.name, answers[first + index])
    if (answer instanceof RejectedByTransform) {
      reject(step, candidate, answer, redact)
      return
    }
    if (answer.length === 0) made.filtered++
    else made.derived += answer.length - 1
    for (const returned of answer) records.push(readMade(step.name, step.outputs, returned, before, candidate))
  }
  made.records = records
}

function changeFields({ name: transform, transformer, outputs }: Step, moves: readonly Move[], candidate: Candidate, redact: Redact): void {
  const made = candidate.made as Made
  made.records = made.records.map((before) => {
    const record: TypedRecord = {}
    let place = 0
    for (const [name, { plan }] of outputs) {
      // Undeclared fields pass.
      const { from, changed } = moves[place++] ?? { from: name, changed: false }
      const value = before[from]
      if (!changed || value === null) {
        record[name] = keptValue(plan, value, candidate)
        continue
      }
      const result = changedValue(transform, transformer as FieldTransformer, value, from)
      if (result instanceof RejectedByTransform) reject({ name: transform }, candidate, result, redact)
      else
        record[name] =
          typeof result === 'object' ? reading(transform, () => madeValue(transform, plan, result, candidate)) : madeValue(transform, plan, result, candidate)
    }
    return record
  })
}

function reject({ name }: Pick<Step, 'name'>, candidate: Candidate, { errors }: RejectedByTransform, redact: Redact): void {
  for (const error of errors) candidate.errors.push({ ...redact(error, candidate.source), transform: name })
}
