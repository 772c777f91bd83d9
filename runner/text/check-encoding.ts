// checkEncoding: whether the declared encoding is known. Used by the checks of text formats.
import iconv from 'iconv-lite'
import { closest } from '../../crds/suggest.ts'
import type { CheckContext, ConfigFinding } from '../config-check.ts'

const usual = ['utf-8', 'utf-16le', 'utf-16be', 'latin1', 'windows-1252', 'windows-1251', 'iso-8859-15', 'shift_jis', 'cp949', 'gbk', 'big5', 'euc-kr']

export function checkEncoding({ encoding }: { encoding?: string | undefined }, { isValid }: CheckContext): ConfigFinding[] {
  if (encoding === undefined || !isValid(['encoding']) || iconv.encodingExists(encoding)) return []
  const suggestion = closest(encoding, usual)
  const message = `no encoding is called ${encoding}: use utf-8, utf-16le, latin1, windows-1252 or another that iconv-lite knows`
  return [{ path: ['encoding'], code: 'encoding.unknown', message, ...(suggestion !== undefined && { suggestion }) }]
}
