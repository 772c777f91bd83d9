// InputWindow: a ByteWindow with the state of the CSV framers.
import { ByteWindow } from '../../content/byte-window.ts'
import type { Verdict, Window } from './framer.ts'

export class InputWindow extends ByteWindow implements Window {
  lostUntil = 0
  target = 0
  verdict: Verdict | undefined
}
