// Living with it: what changes is seen as it changes, in every tab.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { create, look, open, signIn } from '../lib/browser.mjs';
import { check } from '../lib/checks.mjs';
import { demo } from '../lib/demo.mjs';

// A receiver of webhooks that answers as it is told.
async function receiver() {
  const got = [];
  let status = 200;
  const server = createServer((request, reply) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => { got.push({ headers: request.headers, body: JSON.parse(body) }); reply.writeHead(status).end(); });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { got, url: `http://127.0.0.1:${server.address().port}/hook`, answer: (with_) => { status = with_; }, close: () => server.close() };
}

export default async function living() {
  const box = await demo('--empty');
  const page = await open();
  await signIn(page, box);
  await create(page, 'home');
  await page.locator('#link .ground svg').waitFor();
  const home = `${box.address}/page/accounts/home`;

  await check('two tabs: the code is taken in one, both and the list see it', async () => {
    const other = await page.context().newPage();
    const list = await page.context().newPage();
    await other.goto(home);
    await list.goto(`${box.address}/`);
    await list.locator('.account.busy').waitFor();
    await page.click('#demo-scan');
    await Promise.all([page, other].map((tab) => tab.locator('#link .panel.good').waitFor()));
    await list.locator('.account.good').waitFor();
    await list.locator('#say', { hasText: /^home: Linked$/ }).waitFor({ state: 'attached' });
    await list.getByText('All linked').waitFor();
    await box.api('POST', '/instance/create', { instanceName: 'more', integration: 'WHATSAPP-BAILEYS' });
    await list.getByText('1 of 2 linked').waitFor();
    await box.api('DELETE', '/instance/delete/more');
    await list.getByText('All linked').waitFor();
    await Promise.all([other.close(), list.close()]);
  });
  await check('unlinked on the phone: seen live, with the reason, and with the button that mends it', async () => {
    await page.goto(home);
    await page.click('#demo-unlink');
    await page.locator('#link .panel.bad').waitFor();
    await page.getByText('This device was unlinked').first().waitFor();
    await page.locator('#inviting #invite').waitFor();
    await look(page, 'unlinked');
    await page.click('#connect');
    await page.locator('#demo-scan').click();
    await page.locator('#link .panel.good').waitFor();
  });
  await check('settings are kept; reconnecting comes back', async () => {
    await page.goto(`${home}/settings`);
    await look(page, 'settings');
    await page.check('input[name=groupsIgnore]');
    await page.click('form[action$="/settings"] button.main');
    await page.locator('.note.good').waitFor();
    assert.equal((await box.api('GET', '/settings/find/home')).groupsIgnore, true);
    await page.goto(home);
    await page.click('#restart');
    await page.locator('#link .panel.good').waitFor();
  });
  await check('webhook: saved, tested, signed; deliveries are seen as they happen and can be sent again', async () => {
    const hook = await receiver();
    await page.goto(`${home}/webhook`);
    await page.fill('#url', 'ftp://nowhere');
    await page.evaluate(() => { document.querySelector('#url').form.noValidate = true; });
    await page.press('#url', 'Enter');
    await page.locator('#url-wrong').waitFor();
    await page.fill('#url', hook.url);
    await page.press('#url', 'Enter');
    await page.locator('#test').waitFor();
    await page.click('#test');
    await page.getByText('The receiver took the test: 200').waitFor();
    await page.click('#ask-secret summary');
    await page.click('#ask-secret button');
    assert.match(await page.textContent('#secret'), /^whsec_/);
    await look(page, 'webhook-secret');
    hook.answer(410);
    await box.api('POST', '/instance/restart/home');
    await page.locator('#deliveries .toned.bad').first().waitFor();
    hook.answer(200);
    await page.locator('#deliveries form button').first().click();
    await page.locator('#deliveries .toned.good').first().waitFor();
    assert.ok(hook.got.some((one) => one.headers['webhook-signature']?.startsWith('v1,')), 'signed');
    await look(page, 'webhook');
    await page.goto(`${home}/webhook?status=dead`);
    await look(page, 'webhook-given-up');
    hook.close();
  });
  await check('events come in live, newest first', async () => {
    await page.goto(`${home}/events`);
    const first = await page.locator('#happened li').first().getAttribute('id');
    await box.api('POST', '/instance/restart/home');
    await page.waitForFunction((id) => document.querySelector('#happened li').id !== id, first);
    await page.getByText('Everything is working.').first().waitFor();
    await look(page, 'events');
  });
  await check('contact lost is said, what is shown is marked as old, and found again', async () => {
    await page.goto(home);
    await page.locator('#link .panel.good').waitFor();
    box.hush();
    await page.evaluate(() => { const at = performance.now.bind(performance); performance.now = () => at() + 60_000; });
    await page.locator('#lost:not([hidden])').waitFor();
    assert.ok(await page.locator('body.lost').count());
    await look(page, 'contact-lost');
    box.wake();
    await page.locator('#lost').waitFor({ state: 'hidden' });
  });
  await check('logging out and deleting are asked for once, with what will be lost', async () => {
    for (const [ask, lost] of [['#ask-logout', 'must scan a new code'], ['#ask-delete', 'lost for good']]) {
      await page.click(`${ask} > summary`);
      await page.locator(ask, { hasText: lost }).waitFor();
    }
    await look(page, 'asked');
    await page.click('#ask-logout button');
    await page.locator('#link .panel.bad').waitFor();
    await page.click('#ask-delete > summary');
    await page.click('#ask-delete button');
    await page.getByText('Link your first account').waitFor();
    assert.deepEqual(await box.api('GET', '/instance/fetchInstances'), []);
  });
  await page.context().close();
  await box.stop();
}
