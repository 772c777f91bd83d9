// A process that takes repeatedly from a rate budget and prints the times at which it may send each request. Started by budget.test.ts.
import { RateBudget } from '../budget.ts'
import { openRedis } from '../redis-connection.ts'

const [url, name, perSecond, burst, times] = process.argv.slice(2) as [string, string, string, string, string]
const connection = openRedis(url, 'test', (trouble) => process.stderr.write(trouble))
await new Promise((resolve) => connection.redis.once('ready', resolve))
const budget = new RateBudget({ name, perSecond: Number(perSecond), burst: Number(burst), workers: 1 }, connection)
const due: number[] = []
for (let take = 0; take < Number(times); take++) due.push(Date.now() + (await budget.take(1)))
process.stdout.write(JSON.stringify(due))
connection.close()
