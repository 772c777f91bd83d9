// A process that takes from a rate budget again and again and prints when it may use what it took. Started by budget.test.ts.
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
