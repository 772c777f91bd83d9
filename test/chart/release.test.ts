// A release's life on a real API server: installed, upgraded, uninstalled; without pods.
import { afterAll, expect } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'
import { chart, helmTest, runHelm, sets, type Values } from './render.ts'

/** Other test files need the definitions, which therefore belong to no release. */
const always: Values = { 'crds.install': false }

describeWithApiServer(
  'A release',
  async (server) => {
    const { namespace, kubeconfigPath, kubectl } = await freshNamespace(server)
    const helm = (...args: string[]) => runHelm(...args, '--namespace', namespace, '--kubeconfig', kubeconfigPath)
    const upgrade = (values: Values = {}) => helm('upgrade', '--install', 'headgate', chart, ...sets({ ...always, ...values }))
    const secret = async (name: string) => (await kubectl(['get', 'secret', name, '--namespace', namespace, '--output', 'jsonpath={.data}'])).stdout
    afterAll(() => helm('uninstall', 'headgate', '--ignore-not-found'))

    helmTest('keeps its passwords over an upgrade', async () => {
      expect(upgrade()).toMatchObject({ status: 0 })
      const all = () => Promise.all(['headgate-store-owner', 'headgate-store', 'headgate-redis'].map(secret))
      const before = await all()
      expect(before[0]).toContain('"password"')
      expect(upgrade({ 'operator.maxActiveRuns': 7 })).toMatchObject({ status: 0 })
      expect(await all()).toEqual(before)
    })

    helmTest('takes over the password that an older release kept with the workers’ address', async () => {
      const older = Buffer.from('known-since-long').toString('base64')
      await kubectl(['delete', 'secret', 'headgate-store-owner', '--namespace', namespace])
      await kubectl(['patch', 'secret', 'headgate-store', '--namespace', namespace, '--patch', JSON.stringify({ data: { password: older } })])
      expect(upgrade()).toMatchObject({ status: 0 })
      expect(JSON.parse(await secret('headgate-store-owner')).password).toBe(older)
      expect(upgrade()).toMatchObject({ status: 0 })
      expect(JSON.parse(await secret('headgate-store-owner')).password).toBe(older)
    })

    helmTest('is not upgraded to a Secret that the same upgrade would delete', async () => {
      expect(upgrade({ 'store.existingSecret': 'headgate-store' }).stderr).toContain('give yours another name, or first run kubectl')
      await kubectl(['annotate', 'secret', 'headgate-store', 'helm.sh/resource-policy=keep', '--namespace', namespace])
      expect(upgrade({ 'store.existingSecret': 'headgate-store' })).toMatchObject({ status: 0 })
      expect(await secret('headgate-store')).toContain('"url"')
      await kubectl(['annotate', 'secret', 'headgate-store', 'helm.sh/resource-policy-', '--namespace', namespace])
    })

    helmTest('says what to do next, and that the data of a trial is lost', () => {
      const notes = (values: Values = {}) => upgrade(values).stdout.split('NOTES:')[1] ?? ''
      expect(notes()).toContain('ITS DATA IS LOST WITH THE POD')
      expect(notes({ 'postgresql.enabled': false })).toContain('create secret generic headgate-store')
      expect(notes({ 'postgresql.enabled': false })).not.toContain('IS LOST')
    })

    helmTest('leaves nothing behind but the definitions', async () => {
      expect(helm('uninstall', 'headgate', '--wait')).toMatchObject({ status: 0 })
      const kinds = 'deployments,statefulsets,services,secrets,networkpolicies,roles,rolebindings'
      const left = await kubectl(['get', kinds, '--namespace', namespace, '--output', 'name', '--selector', 'app.kubernetes.io/part-of=headgate'])
      expect(left).toMatchObject({ code: 0, stdout: '' })
      const cluster = await kubectl(['get', 'clusterroles,clusterrolebindings', '--output', 'name'])
      expect(cluster.stdout).not.toContain(`/${namespace}-`)
    })

    helmTest('is refused by a cluster that is too old', () => {
      const old = runHelm('template', 'headgate', chart, '--kube-version', '1.32.0')
      expect(old.stderr).toContain('chart requires kubeVersion: >=1.33.0-0 which is incompatible with Kubernetes v1.32.0')
    })
  },
  { controllers: undefined },
)
