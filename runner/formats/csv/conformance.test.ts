import { describe, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { formatChecks } from '../testing/conformance.ts'
import { CsvFormat } from './format.ts'

const inputs: [what: string, config: CsvConfig, text: string, encoding: BufferEncoding][] = [
  ['with quotes, a bad record and no last line end', {}, 'id,name\n1,"a ""b""\nc"\n2\n3,d\n4,e', 'utf8'],
  ['without a header', { header: false }, '1,a\n2,b\n3,c\n', 'utf8'],
  ['in UTF-16', {}, '\ufeffid,name\n1,ä\n2,表\n', 'utf16le'],
  ['with a footer', { skipFooterLines: 1 }, 'id,name\n1,a\n2,b\n3,c\nEND\n', 'utf8'],
]

describe.each(inputs)('CSV %s', (_what, config, text, encoding) => {
  const make = () => new CsvFormat(config, ['id', 'name'], { blockBytes: 64 })
  const header = config.header === false ? '' : (text.split('\n')[0] as string)
  const inputOf = (raw: Buffer) =>
    Buffer.concat([Buffer.from(header === '' ? '' : `${header}\n`, encoding), raw, Buffer.from(config.skipFooterLines ? '\nEND' : '')])
  for (const { name, run } of formatChecks({ make, bytes: Buffer.from(text, encoding), inputOf })) test(name, run)
})
