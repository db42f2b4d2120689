// Baileys as an application uses it: credentials in a folder, and a new socket after each end that is none for good.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import assert from 'node:assert/strict'

const require = createRequire(resolve(process.env.BAILEYS, 'package.json'))
const baileys = await import(pathToFileURL(require.resolve('baileys')).href)
// Releases before 7 are CommonJS.
const { makeWASocket, useMultiFileAuthState, Browsers, WA_CERT_DETAILS } = { ...baileys.default, ...baileys }
const pino = require('pino')

// Its Signal library prints sessions, with their keys, when it closes one.
console.info = () => {}

const LIMIT = 30_000
// Logged out, and the same session opened elsewhere.
const FOR_GOOD = [401, 440]

export class Client {
  updates = []
  messages = []
  waiting = new Set()

  static async start(sandbox, folder) {
    const client = new Client()
    client.sandbox = sandbox
    client.folder = folder ?? await mkdtemp(join(tmpdir(), 'baileys-'))
    // Releases before 7 do not export it, and check nothing with it.
    if (WA_CERT_DETAILS) WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(sandbox.rootPublicKey, 'hex')
    await client.connect()
    return client
  }

  async connect() {
    const { state, saveCreds } = await useMultiFileAuthState(this.folder)
    const logger = pino({ level: process.env.BAILEYS_LOG ?? 'silent' })
    this.socket = makeWASocket({
      waWebSocketUrl: this.sandbox.wsUrl,
      auth: state,
      browser: Browsers.macOS('Chrome'),
      logger,
      shouldSyncHistoryMessage: () => false,
    })
    this.socket.ev.on('creds.update', saveCreds)
    this.socket.ev.on('messages.upsert', ({ messages }) => this.saw('messages', messages))
    this.socket.ev.on('connection.update', update => {
      this.saw('updates', [update])
      if (update.connection !== 'close' || this.stopped) return
      if (!FOR_GOOD.includes(code(update))) this.connect()
    })
  }

  saw(list, items) {
    this[list].push(...items)
    this.waiting.forEach(look => look())
  }

  // The first of `list`, from the place `since` on, that `wanted` takes.
  until(what, list, wanted, since = 0) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this[list].slice(since).find(wanted)
        if (found === undefined) return
        end()
        resolve(found)
      }
      const late = setTimeout(() => {
        end()
        reject(new Error(`never ${what}: ${JSON.stringify(this[list].slice(since))}`))
      }, LIMIT)
      const end = () => { clearTimeout(late); this.waiting.delete(look) }
      this.waiting.add(look)
      look()
    })
  }

  // What comes from now on, with `until`.
  get now() { return this.updates.length }

  qr = () => this.until('a code', 'updates', update => update.qr).then(update => update.qr)
  open = since => this.until('open', 'updates', update => update.connection === 'open', since)
  closed = since => this.until('closed', 'updates', update => update.connection === 'close', since).then(code)
  text = wanted => this.until(wanted, 'messages', message => textOf(message) === wanted)

  static async linked(sandbox, phone) {
    const client = await Client.start(sandbox)
    const jid = await sandbox.scan(phone, await client.qr())
    await client.open()
    assert.equal(client.socket.user.id, jid)
    return client
  }

  async stop() {
    this.stopped = true
    this.socket.end()
  }

  async forget() {
    await this.stop()
    // It may still be writing.
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }))
  }
}

export const code = update => update.lastDisconnect?.error?.output?.statusCode
export const textOf = ({ message }) => message?.conversation ?? message?.extendedTextMessage?.text
