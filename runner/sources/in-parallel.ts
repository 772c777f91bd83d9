// inParallel: a few requests at a time, because small files take longer to open than to read.

const atOnce = 8

/** The results in the order of the items. At most 8 are worked on at a time; after a failure no further item is started. */
export async function* inParallel<Item, Result>(items: Iterable<Item>, work: (item: Item) => Promise<Result>): AsyncGenerator<Result> {
  const running: Promise<Result>[] = []
  try {
    for (const item of items) {
      const result = work(item)
      // A failure is thrown when its turn comes; until then it must not count as unhandled.
      result.catch(() => {})
      running.push(result)
      if (running.length >= atOnce) yield await (running.shift() as Promise<Result>)
    }
    while (running.length > 0) yield await (running.shift() as Promise<Result>)
  } finally {
    await Promise.allSettled(running)
  }
}
