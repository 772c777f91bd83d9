// Example FieldTransformer: changes the values of single fields; all other fields remain as they are in the source.
import { type ChangedField, FieldTransformer, type RecordField, Rejection } from '../../sdk/index.ts'

type Config = { field: string; refusedDomains: string[] }

/** Keeps the first letter and the domain of an e-mail address; rejects addresses of some domains. */
export default class MaskEmail extends FieldTransformer<Config> {
  readonly fields = [this.config.field]

  /** The masked value is neither an e-mail address nor sensitive, so the output field declares neither. */
  override output(fields: readonly RecordField[]): readonly ChangedField[] {
    return fields.map((declared) => {
      const { format, sensitive, ...masked } = declared
      return this.fields.includes(declared.name) ? masked : declared
    })
  }

  override change(value: string, field: string): string | Rejection {
    const domain = value.slice(value.lastIndexOf('@') + 1).toLowerCase()
    if (this.config.refusedDomains.includes(domain)) return new Rejection({ field, code: 'email.refused', message: 'the domain is refused' })
    return `${value.slice(0, 1)}***@${domain}`
  }
}
