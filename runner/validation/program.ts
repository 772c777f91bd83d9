// compileProgram: the schema's checks, transforms and encoding compiled to a RecordProgram. Called by the engine, once per worker.
import type { Schema } from '../../crds/fields.ts'
import { HeadgateError, type RecordBatch, type RecordError, type RunContext, type SourceRecord, type TypedRecord, type Validator } from '../../sdk/index.ts'
import type { ObservedFields } from '../../store/observed.ts'
import type { DestinationColumn } from '../copy/encoded-rows.ts'
import { type ByteBatch, cellsOf, isWordedSafely } from '../records/byte-batch.ts'
import type { Outcomes, RecordProgram, RejectedRecord, Sink } from '../records/program.ts'
import type { Binding } from './bind.ts'
import { FieldBinder } from './binder.ts'
import { applyRules, type Candidate, keyOf, readCandidate } from './candidate.ts'
import { compileFast, type FastRow } from './fast.ts'
import { add, type FieldPlan } from './field-plan.ts'
import type { MissingPolicy } from './missing.ts'
import { observedFields, retypedFields } from './observed.ts'
import { checkParents, compileReferences, type Reference, warmParents } from './parents.ts'
import type { ReferenceLookup } from './references.ts'
import { type ColumnPlan, planColumns, writeRow } from './row-writer.ts'
import { type CompiledRule, compileRules } from './rules.ts'
import { type Secrecy, secrecyOf } from './secrecy.ts'
import type { TransformPlan } from './transform/plan.ts'
import { TransformStage } from './transform/stage.ts'
import { collectVerdicts, type Verdict } from './verdicts.ts'

export type ProgramOptions = {
  schema: Schema
  /** Columns that are written, in their order, without those that no field fills; undefined if the sink takes records. */
  columns: readonly DestinationColumn[] | undefined
  run: RunContext
  validators: readonly Validator[]
  transforms: TransformPlan
  /** Key columns of the destination; empty or undefined if every record becomes a row. */
  key?: readonly string[] | undefined
  references: ReferenceLookup
  /** What happens to declared fields that the source lacks; nullified if undefined. */
  whenMissing?: MissingPolicy
  /** Clock in milliseconds, for the timings. */
  now?: () => number
}

/** Throws a HeadgateError (InvalidSchema, InvalidRule, ColumnMismatch) for a schema that cannot be run. */
export function compileProgram(options: ProgramOptions): RecordProgram {
  return new CompiledProgram(options)
}

class CompiledProgram implements RecordProgram {
  readonly #options: ProgramOptions
  readonly #now: () => number
  readonly #transforms: TransformStage
  readonly #fields: FieldPlan[]
  readonly #columns: ColumnPlan[]
  readonly #rules: CompiledRule[]
  readonly #references: Map<string, Reference>
  readonly #capture: boolean
  /** Fields whose column is not written, because the planned delivery lacks them: rows keep their values. */
  readonly #kept: FieldPlan[]
  readonly #secrecy: Secrecy | undefined
  readonly #binder: FieldBinder
  #fast: { rules: ByteBatch['rules']; binding: Binding; row: FastRow | undefined } | undefined

  constructor(options: ProgramOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#transforms = new TransformStage(options)
    this.#fields = this.#transforms.inputs
    this.#columns = planColumns(options.columns ?? [], this.#transforms.outputs, options.schema.primaryKey?.[0])
    this.#rules = compileRules(options.schema)
    this.#references = compileReferences(this.#fields, options.references)
    this.#kept = options.columns === undefined ? [] : this.#transforms.outputs.filter(({ column }) => column === undefined)
    this.#capture = options.schema.unknownFields === 'capture'
    this.#secrecy = secrecyOf(options.schema)
    const { schema, run, whenMissing } = options
    const written = new Set(this.#columns.map(({ column }) => column.name))
    this.#binder = new FieldBinder({ schema, fields: this.#fields, written, kept: new Set(this.#kept.map(({ name }) => name)), run, whenMissing })
  }

  async process(batch: RecordBatch, input: number, sink: Sink): Promise<Outcomes> {
    const began = this.#now()
    const outcomes: Outcomes = { ...noOutcomes, rejected: [], warnings: new Map() }
    if (sink.rows !== undefined) sink.rows.sortable = this.#columns.some(({ sortKey }) => sortKey !== undefined)
    const binding = this.#binder.bind(batch)
    const verdicts = await collectVerdicts(this.#options.validators, batch)
    const candidates = await this.#read(batch, input, sink, binding, verdicts, outcomes)
    await checkParents(this.#references, candidates)
    const accepted = candidates.filter((candidate) => this.#decide(candidate, batch, outcomes))
    await this.#transform(accepted, outcomes)
    for (const candidate of accepted) this.#emit(candidate, batch, input, sink, outcomes)
    outcomes.observed = this.#observe(binding, batch, outcomes.rejected)
    outcomes.validateMilliseconds = this.#now() - began - outcomes.transformMilliseconds
    return outcomes
  }

  evidence(batch: RecordBatch, index: number, errors: RecordError[]): RejectedRecord {
    const candidate = readCandidate(index, batch.record(index), this.#fields, this.#binder.bind(batch), this.#capture)
    return this.#rejected({ ...candidate, errors, parked: [] }, batch)
  }

  #observe(binding: Binding, batch: RecordBatch, rejected: readonly RejectedRecord[]): ObservedFields | undefined {
    const retyped = retypedFields(batch, rejected)
    return retyped.length === 0 ? binding.observed : observedFields(this.#options.schema, binding.differences, retyped)
  }

  /** Accepts records by the fast path, and returns the others as candidates. */
  async #read(batch: RecordBatch, input: number, sink: Sink, binding: Binding, verdicts: Map<number, Verdict>, outcomes: Outcomes): Promise<Candidate[]> {
    const cells = cellsOf(batch)
    const fast = cells === undefined ? undefined : this.#fastRow(cells, sink, binding)
    if (fast !== undefined) await warmParents(this.#references, this.#fields, batch as ByteBatch, binding)
    const candidates: Candidate[] = []
    // Without references and record transforms a candidate is decided at once, so that rows stay in the order of their records.
    const atOnce = this.#references.size === 0 && !this.#transforms.whole
    for (let index = 0; index < batch.size; index++) {
      const verdict = verdicts.size === 0 ? undefined : verdicts.get(index)
      if (fast !== undefined && verdict === undefined && (batch as ByteBatch).plain[index] === 1) {
        if (fast(batch as ByteBatch, index, sink.rows as NonNullable<Sink['rows']>, input)) {
          outcomes.accepted++
          continue
        }
      }
      const candidate = this.#candidate(batch, index, binding, verdict, outcomes)
      if (candidate === undefined) continue
      if (!atOnce) candidates.push(candidate)
      else if (this.#decide(candidate, batch, outcomes)) {
        this.#transforms.applyNow(candidate, this.#saidOne)
        this.#emit(candidate, batch, input, sink, outcomes)
      }
    }
    return candidates
  }

  #fastRow(batch: ByteBatch, sink: Sink, binding: Binding): FastRow | undefined {
    const { origins } = this.#transforms
    if (sink.rows === undefined || origins === undefined) return undefined
    if (this.#fast?.rules !== batch.rules || this.#fast.binding !== binding) {
      const row = compileFast({
        plans: this.#columns,
        fields: this.#fields,
        origins,
        binding,
        cellRules: batch.rules,
        references: this.#references,
        rules: this.#rules,
        run: this.#options.run.id,
        capture: this.#capture,
      })
      this.#fast = { rules: batch.rules, binding, row }
    }
    return this.#fast.row
  }

  #candidate(batch: RecordBatch, index: number, binding: Binding, verdict: Verdict | undefined, outcomes: Outcomes): Candidate | undefined {
    const problem = batch.problem(index)
    if (problem !== undefined) {
      const framing = isWordedSafely(batch) ? (this.#secrecy?.framing(problem) ?? problem) : this.#said([problem], undefined)[0]
      const errors = [framing ?? problem, ...this.#said(verdict?.errors ?? [], undefined)].slice(0, 100)
      outcomes.rejected.push({ ...evidenceOf(batch, index), record: undefined, errors, key: undefined, state: 'open' })
      return undefined
    }
    const candidate = readCandidate(index, batch.record(index), this.#fields, binding, this.#capture)
    const warning = batch.warning?.(index)
    if (warning !== undefined) candidate.warnings.push(...(isWordedSafely(batch) ? [warning] : this.#said([warning], candidate.source)))
    if (verdict !== undefined) {
      candidate.errors.push(...this.#said(verdict.errors, candidate.source))
      candidate.warnings.push(...this.#said(verdict.warnings, candidate.source))
    }
    return candidate
  }

  readonly #saidOne = (error: RecordError, source: SourceRecord): RecordError => this.#secrecy?.said(error, source) ?? error

  #said(errors: readonly RecordError[], source: SourceRecord | undefined): readonly RecordError[] {
    const secrecy = this.#secrecy
    return secrecy === undefined ? errors : errors.map((error) => secrecy.said(error, source))
  }

  /** Applies the rules. Returns false, and rejects the record, if it has errors. */
  #decide(candidate: Candidate, batch: RecordBatch, outcomes: Outcomes): boolean {
    applyRules(candidate, this.#rules)
    if (candidate.errors.length + candidate.parked.length === 0) return true
    this.#reject(candidate, batch, outcomes)
    return false
  }

  #reject(candidate: Candidate, batch: RecordBatch, outcomes: Outcomes): void {
    outcomes.rejected.push(this.#rejected(candidate, batch))
  }

  #rejected(candidate: Candidate, batch: RecordBatch): RejectedRecord {
    const errors = [...candidate.errors, ...candidate.parked].slice(0, 100)
    return {
      ...evidenceOf(batch, candidate.index),
      record: candidate.source,
      errors: this.#secrecy === undefined ? errors : errors.map((error) => (this.#secrecy as Secrecy).transformed(error)),
      key: keyOf(this.#options.schema, (name) => this.#transforms.keyValue(name, candidate.record)),
      state: candidate.errors.length === 0 ? 'parked' : 'open',
    }
  }

  async #transform(accepted: readonly Candidate[], outcomes: Outcomes): Promise<void> {
    const began = this.#now()
    await this.#transforms.apply(accepted, this.#saidOne)
    outcomes.transformMilliseconds += this.#transforms.empty ? 0 : this.#now() - began
  }

  /** Writes the records made of an accepted record to the sink: all of them, or none if one does not fit. */
  #emit(candidate: Candidate, batch: RecordBatch, input: number, sink: Sink, outcomes: Outcomes): void {
    const { made } = candidate
    const records = made?.records ?? [candidate.record]
    if (made !== undefined && this.#kept.length > 0) for (const record of records) this.#refuseUnwritable(candidate, record)
    if (candidate.errors.length > 0) {
      this.#reject(candidate, batch, outcomes)
      return
    }
    const order = batch.order(candidate.index)
    for (const record of records) {
      if (sink.rows === undefined) sink.records.push({ order, record })
      else writeRow(sink.rows, this.#columns, record, this.#options.run.id, input, order)
    }
    if (records.length > 1) checkRoom(sink)
    outcomes.accepted += records.length
    outcomes.filtered += made?.filtered ?? 0
    outcomes.derived += made?.derived ?? 0
    outcomes.superseded += made?.superseded ?? 0
    if (records.length > 0) countWarnings(candidate, outcomes)
  }

  /** A transformer's values for fields whose column is not written. */
  #refuseUnwritable(candidate: Candidate, record: TypedRecord): void {
    for (const { name } of this.#kept) {
      if (record[name] === null || record[name] === undefined) continue
      add(candidate.errors, {
        field: name,
        code: `transform.${name}`,
        message: `${name} has a value, but whenMissing keeps its column as it is; set it to nullify`,
      })
    }
  }
}

function evidenceOf(batch: RecordBatch, index: number): Pick<RejectedRecord, 'order' | 'raw' | 'evidence'> {
  return { order: batch.order(index), raw: Buffer.from(batch.raw(index)), evidence: batch.evidence === 'json' ? 'json' : 'bytes' }
}

const noOutcomes = { accepted: 0, derived: 0, filtered: 0, superseded: 0, validateMilliseconds: 0, transformMilliseconds: 0 }

function countWarnings({ warnings }: Candidate, outcomes: Outcomes): void {
  for (const { code, message } of warnings) {
    const counted = outcomes.warnings.get(code)
    if (counted === undefined) outcomes.warnings.set(code, { count: 1, example: message })
    else counted.count++
  }
}

/** Ends of rows are kept as 32-bit numbers. */
const mostRowBytes = 2 ** 30

/** Transforms that make many records can make a batch of any size, and a batch cannot be cut within one block of the source. */
function checkRoom({ rows }: Sink): void {
  if (rows === undefined || rows.length <= mostRowBytes) return
  throw new HeadgateError('TransformFailed', `the transforms made more than ${mostRowBytes} bytes of rows of one batch; make fewer or smaller records of each`)
}
