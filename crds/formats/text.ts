// What all formats of text declare alike: encoding, compression, and the longest record.
import Type from 'typebox'
import { oneOf, text } from '../shapes.ts'

const compression = Type.Optional(oneOf(['auto', 'none', 'gzip', 'zstd'], 'How the file is compressed; auto looks at its first bytes. Default: auto.'))

const maxRecordBytes = Type.Optional(Type.Integer({ minimum: 1024, maximum: 67108864, description: 'A longer record is quarantined. Default: 1048576.' }))

export const textBytes = {
  encoding: Type.Optional(
    text('utf-8, utf-16le, utf-16be, latin1, windows-1252, and whatever else iconv-lite knows. A byte order mark wins. Default: utf-8.', 40),
  ),
  compression,
  maxRecordBytes,
}
