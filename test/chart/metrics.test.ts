// Alerts and dashboard ask for metrics and labels that the operator has, and for no others.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRegistry, machineryMetrics } from '../../operator/metrics/controller.ts'
import { runMetrics } from '../../operator/metrics/runs.ts'
import { chart, helmTest, ofKind, render } from './render.ts'

const registry = createRegistry()
machineryMetrics(registry)
runMetrics(registry, () => true)

/** Labels that Prometheus adds to whatever it reads. */
const targetLabels = ['job', 'namespace', 'pod', 'le']

function labelsOf(metric: string): string[] | undefined {
  const found = registry.getSingleMetric(metric) as { labelNames?: string[] } | undefined
  return found && [...(found.labelNames ?? []), ...targetLabels]
}

/** Metrics of an expression, each with the labels it is selected by. */
function selections(expression: string): { metric: string; labels: string[] }[] {
  const named = [...expression.matchAll(/\b([a-z]+(?:_[a-z]+)+)\b(?!\()(?:\{([^}]*)\})?/g)]
  return named.map(([, name = '', selector = '']) => ({
    metric: name.replace(/_bucket$/, ''),
    labels: [...selector.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
  }))
}

function check(expression: string): void {
  const found = selections(expression)
  expect(found.length, expression).toBeGreaterThan(0)
  for (const { metric, labels } of found) {
    expect(labelsOf(metric), `${metric} in ${expression}`).toBeDefined()
    expect(labelsOf(metric), `${metric} in ${expression}`).toEqual(expect.arrayContaining(labels))
  }
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', '))
  const available = found.flatMap(({ metric }) => labelsOf(metric) ?? [])
  expect(available, expression).toEqual(expect.arrayContaining(grouped))
}

test('The dashboard', () => {
  const dashboard = JSON.parse(readFileSync(join(chart, 'files', 'dashboards', 'headgate.json'), 'utf8'))
  const expressions: string[] = dashboard.panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) => targets.map(({ expr }) => expr))
  expect(expressions.length).toBeGreaterThan(10)
  expressions.forEach(check)
})

helmTest('The alerts', () => {
  const [rules] = ofKind('PrometheusRule', render({ 'metrics.prometheusRule.enabled': true, fullnameOverride: 'gate' }))
  const alerts: { alert: string; expr: string; annotations: { summary?: string; description?: string } }[] = rules?.spec.groups[0].rules
  for (const { alert, expr, annotations } of alerts) {
    check(expr)
    expect(annotations, alert).toEqual({ summary: expect.any(String), description: expect.any(String) })
  }
  expect(alerts[0]?.expr).toBe('absent(leader_election_master_status{name="gate-operator"} == 1)')
  expect(JSON.stringify(alerts)).not.toContain('@')
})

test.each([
  ['sum(headgate_lost_total)', 'a metric'],
  ['sum(headgate_runs{state="Queued"})', 'a label to select by'],
  ['sum by (color) (headgate_runs)', 'a label to group by'],
])('%s: %s that the operator does not have is noticed', (expression) => {
  expect(() => check(expression)).toThrow()
})
