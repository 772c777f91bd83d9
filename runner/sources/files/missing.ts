// What a wrong path was probably meant to be, for error messages.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** The entry of the same folder that is closest to the path's last part, if one is close. */
export async function closestTo(path: string, folder: string): Promise<string | undefined> {
  const names = await readdir(resolve(folder, dirname(path))).catch(() => [])
  const wanted = basename(path)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const name of names.slice(0, 1000)) {
    const distance = editDistance(wanted.toLowerCase().slice(0, 128), name.toLowerCase().slice(0, 128))
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best === undefined ? undefined : join(dirname(path), best)
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const change = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, change))
    }
    row = next
  }
  return row[other.length] as number
}
