// A linked device: messages each way, and ends that are none for good.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { Client, textOf } from './client.mjs'
import { Sandbox } from './sandbox.mjs'

const ME = '15551234567'
const FRIEND = '4915112345678'

let sandbox, client

before(async () => {
  sandbox = await Sandbox.start()
  client = await Client.linked(sandbox, ME)
})

after(async () => {
  await client?.forget()
  await sandbox?.stop()
})

test('a text comes, and its sender hears that it did', async () => {
  const id = await sandbox.send(FRIEND, ME, 'Grüße aus Köln 👋')
  const message = await client.text('Grüße aus Köln 👋')
  assert.equal(message.key.id, id)
  assert.match([message.key.remoteJid, message.key.remoteJidAlt].join(), new RegExp(FRIEND))
  await sandbox.until('receipt', event => event.text.includes(id))
})

test('a text goes, and the other phone opens it', async () => {
  const sent = await client.socket.sendMessage(`${FRIEND}@s.whatsapp.net`, { text: 'and back' })
  await sandbox.until('received', event => event.text.includes(sent.key.id))
  const { messages } = await sandbox.ask('GET', `/received?phone=${FRIEND}`)
  assert.deepEqual(messages.map(({ id, text }) => [id, text]), [[sent.key.id, 'and back']])
})

for (const [fault, seen] of [
  [{ kind: 'drop' }, 428],
  [{ kind: 'end' }, 428],
  [{ kind: 'stream', code: 503 }, 503],
  [{ kind: 'stream', code: 515 }, 515],
]) {
  test(`after ${JSON.stringify(fault)} it comes back`, async () => {
    const since = client.now
    await sandbox.fault(fault)
    assert.equal(await client.closed(since), seen)
    await client.open(since)
  })
}

test('what was written while it was away comes when it is back', async () => {
  await client.stop()
  await sandbox.until('closed')
  const ids = []
  for (let n = 0; n < 30; n++) ids.push(await sandbox.send(FRIEND, ME, `away ${n}`))
  client = await Client.start(sandbox, client.folder)
  await sandbox.until('in', event => event.text.startsWith('<receipt') && event.text.includes(ids.at(-1)))
  // Releases before 7 keep the end of a backlog to themselves until something else comes.
  await sandbox.send(FRIEND, ME, 'and here')
  await client.text('and here')
  const order = client.messages.map(message => textOf(message)).filter(text => text?.startsWith('away'))
  assert.deepEqual(order, Array.from({ length: 30 }, (_, n) => `away ${n}`))
})

test('the same session elsewhere replaces it', async () => {
  const since = client.now
  const other = await Client.start(sandbox, client.folder)
  await other.open()
  assert.equal(await client.closed(since), 440)
  await client.stop()
  client = other
})

test('nothing was wrong', async () => assert.deepEqual(await sandbox.violations(), []))
