// Alerts and dashboard ask for metrics that the operator has, and for no others.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { createRegistry } from '../../operator/metrics.ts'
import { chart, helmTest, ofKind, render } from './render.ts'

const top = join(chart, '..', '..')

/** Names of metrics in the operator's code, and those of the process that prom-client adds. */
function known(): Set<string> {
  const code = globSync('operator/**/*.ts', { cwd: top }).filter((file) => !file.endsWith('.test.ts'))
  const own = code.flatMap((file) => [...readFileSync(join(top, file), 'utf8').matchAll(/\bname: '([a-z]+(?:_[a-z]+)+)'/g)].map(([, name]) => name ?? ''))
  const process = createRegistry()
    .getMetricsAsArray()
    .map(({ name }) => name)
  return new Set([...own, ...process])
}

/** Names of metrics in an expression: words with an underscore that a selector, range or bracket follows, without a histogram's ending. */
function asked(expression: string): string[] {
  const words = expression.match(/\b[a-z]+(_[a-z]+)+(?=[{[)]|$| )/g) ?? []
  return words.map((word) => word.replace(/_bucket$/, '')).filter((word) => !['histogram_quantile', 'sort_desc', 'label_values'].includes(word))
}

function needsRunMetrics(context: TestContext): void {
  if (![...known()].some((name) => name.startsWith('headgate_'))) context.skip('the operator counts no runs yet; its headgate_* metrics enable this')
}

test('The dashboard', (context) => {
  needsRunMetrics(context)
  const dashboard = JSON.parse(readFileSync(join(chart, 'files', 'dashboards', 'headgate.json'), 'utf8'))
  const expressions: string[] = dashboard.panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) => targets.map(({ expr }) => expr))
  expect(expressions.length).toBeGreaterThan(10)
  for (const expression of expressions) {
    expect(asked(expression).length, expression).toBeGreaterThan(0)
    for (const name of asked(expression)) expect(known().has(name), `${name} in ${expression}`).toBe(true)
  }
})

helmTest('The alerts', (context) => {
  needsRunMetrics(context)
  const [rules] = ofKind('PrometheusRule', render({ 'metrics.prometheusRule.enabled': true, fullnameOverride: 'gate' }))
  const alerts: { alert: string; expr: string; annotations: { summary?: string; description?: string } }[] = rules?.spec.groups[0].rules
  for (const { alert, expr, annotations } of alerts) {
    expect(asked(expr).length, alert).toBeGreaterThan(0)
    for (const name of asked(expr)) expect(known().has(name), `${name} in ${alert}`).toBe(true)
    expect(annotations, alert).toEqual({ summary: expect.any(String), description: expect.any(String) })
  }
  expect(alerts[0]?.expr).toBe('absent(leader_election_master_status{name="gate-operator"} == 1)')
  expect(JSON.stringify(alerts)).not.toContain('@')
})
