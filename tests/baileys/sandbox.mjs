// The sandbox as a program, and what a test asks of it.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import assert from 'node:assert/strict'

const LIMIT = 30
// Baileys loses its counters when the first stanza overtakes the end of its handshake; on a busy machine that takes a while.
const SETTLE = ['--settle', '200']

export class Sandbox {
  static async start(...options) {
    const sandbox = new Sandbox()
    sandbox.child = spawn(process.env.SANDBOX, [...SETTLE, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: sandbox.child.stdout })
    const { value, done } = await lines[Symbol.asyncIterator]().next()
    assert(!done, 'the sandbox ended')
    Object.assign(sandbox, JSON.parse(value))
    return sandbox
  }

  async ask(method, path, body) {
    const answer = await fetch(this.controlUrl + path, { method, body: body && JSON.stringify(body) })
    const value = await answer.json()
    assert.equal(answer.status, 200, `${method} ${path}: ${value.error}`)
    return value
  }

  scan = (phone, qr) => this.ask('POST', '/scan', { phone, qr }).then(it => it.jid)
  enterCode = (phone, code) => this.ask('POST', '/code', { phone, code }).then(it => it.jid)
  unlink = jid => this.ask('POST', '/unlink', { jid })
  send = (from, to, text) => this.ask('POST', '/send', { from, to, text }).then(it => it.id)
  fault = fault => this.ask('POST', '/fault', fault)

  // The first event of this kind after `since` that `wanted` takes.
  async until(kind, wanted = () => true, since = 0) {
    const end = Date.now() + LIMIT * 1000
    while (Date.now() < end) {
      const { events } = await this.ask('GET', `/events?kind=${kind}&since=${since}&wait=5`)
      const found = events.find(wanted)
      if (found) return found
      since = events.at(-1)?.seq ?? since
    }
    assert.fail(`no event ${kind} within ${LIMIT} s`)
  }

  async violations() {
    const { events } = await this.ask('GET', '/events?kind=violation')
    return events.map(event => event.text)
  }

  async stop() {
    const ended = new Promise(done => this.child.once('exit', done))
    this.child.kill('SIGINT')
    await ended
  }
}
