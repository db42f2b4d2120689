// From no credentials to a linked device, and back.
import test from 'node:test'
import assert from 'node:assert/strict'
import { Client } from './client.mjs'
import { Sandbox } from './sandbox.mjs'

const ME = '15551234567'

const with_ = scene => async () => {
  const sandbox = await Sandbox.start()
  try {
    await scene(sandbox)
    assert.deepEqual(await sandbox.violations(), [])
  } finally {
    await sandbox.stop()
  }
}

test('a QR links, and a restart needs none', with_(async sandbox => {
  const client = await Client.linked(sandbox, ME)
  assert(client.updates.some(update => update.isNewLogin), 'told as new')
  await client.stop()
  const again = await Client.start(sandbox, client.folder)
  await again.open()
  assert(!again.updates.some(update => update.qr), 'no code')
  await again.forget()
}))

test('a pairing code links', with_(async sandbox => {
  const client = await Client.start(sandbox)
  await client.qr()
  const code = await client.socket.requestPairingCode(ME)
  const jid = await sandbox.enterCode(ME, code)
  await client.open()
  assert.equal(client.socket.user.id, jid)
  await client.forget()
}))

test('the phone removes the device', with_(async sandbox => {
  const client = await Client.linked(sandbox, ME)
  const since = client.now
  await sandbox.unlink(ME)
  assert.equal(await client.closed(since), 401)
  await client.stop()
  const again = await Client.start(sandbox, client.folder)
  assert.equal(await again.closed(), 401)
  await again.forget()
}))

test('the device logs out', with_(async sandbox => {
  const client = await Client.linked(sandbox, ME)
  const since = client.now
  await client.socket.logout()
  assert.equal(await client.closed(since), 401)
  await sandbox.until('logged_out')
  const { accounts } = await sandbox.ask('GET', '/state')
  assert.deepEqual(accounts.map(account => account.devices), [[]])
  await client.forget()
}))
