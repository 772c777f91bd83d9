// similarName: “did you mean” for names of fields.
import { distance } from '../../crds/suggest.ts'

const mostCandidates = 1000
const comparedCharacters = 64

/** The candidate that differs least, if at most a third of the letters differ; case and punctuation do not count. */
export function similarName(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(plain(name).length / 3)) + 1
  for (const candidate of candidates.slice(0, mostCandidates)) {
    const edits = distance(plain(name), plain(candidate))
    if (edits >= least || plain(candidate) === '') continue
    best = candidate
    least = edits
  }
  return best
}

function plain(name: string): string {
  return name
    .slice(0, comparedCharacters)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}
