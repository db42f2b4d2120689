// Drives the real binary in a real browser. Every wait is for a thing, never for a time.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { request } from 'node:http';
import { chromium } from 'playwright-core';
import { start } from './demo.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const demo = await start(process.argv[2], '--empty');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const faults = [];
let passed = 0;

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, locale: 'en', ...options });
  const page = await context.newPage();
  page.on('console', (m) => m.type() === 'error' && !/40[0-9]|50[0-9]/.test(m.text()) && faults.push(`console: ${m.text()}`));
  page.on('pageerror', (e) => faults.push(`uncaught: ${e}`));
  page.on('request', (r) => new URL(r.url()).hostname === '127.0.0.1' || r.url().startsWith('data:') || faults.push(`foreign: ${r.url()}`));
  return page;
}

async function signIn(page, key = demo.key) {
  await page.goto(`${demo.address}/`);
  await page.fill('input[name=key]', key);
  await page.press('input[name=key]', 'Enter');
}

async function look(page, name) {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    for (const v of violations) faults.push(`axe ${name} ${scheme}: ${v.id} ${v.help} ${v.nodes.map((n) => n.target).join(' ')}`);
    await page.screenshot({ path: `shots/${name}-${scheme}.png`, fullPage: true });
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) faults.push(`${name}: ${wide} px too wide`);
}

async function create(page, name) {
  await page.fill('input[name=name]', name);
  await page.press('input[name=name]', 'Enter');
}

async function decode(page, file = 'shots/qr.png') {
  await page.locator('#link .ground svg').waitFor();
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('#link .qr').screenshot({ path: file });
  return execFileSync('zbarimg', ['--nodbus', '-q', '--raw', file], { encoding: 'utf8' }).trim();
}

async function check(name, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    faults.push(`${name}: ${error.message.split('\n').slice(0, 6).join(' ')}`);
    console.log(`FAIL ${name}: ${error.message}`);
  }
}

const raw = (method, path, headers, body) => new Promise((resolve, reject) => {
  const to = new URL(path, demo.address);
  const sent = request(to, { method, headers }, (reply) => { reply.resume(); reply.on('end', () => resolve(reply)); });
  sent.on('error', reject);
  sent.end(body);
});

const page = await open();
let jid;
await check('a wrong key is told so', async () => {
  await signIn(page, 'wrong');
  await page.locator('#wrong').waitFor();
  await look(page, 'sign-in-wrong');
});
await check('first run: from the key to a code', async () => {
  await signIn(page);
  await page.locator('h2', { hasText: 'Link your first account' }).waitFor();
  await look(page, 'first-run');
  await create(page, 'shop');
  await page.locator('#link .ground svg').waitFor();
  await look(page, 'code');
});
await check('the code on the screen links the phone; success is shown live', async () => {
  const answer = await demo.control('/scan', { qr: await decode(page) });
  jid = answer.jid ?? answer.account;
  await page.locator('#link .done').waitFor();
  await page.locator('#head .chip.open').waitFor();
  await page.reload();
  await look(page, 'linked');
});
await check('the rooms', async () => {
  for (const room of ['settings', 'webhook', 'events']) {
    await page.goto(`${demo.address}/page/accounts/shop/${room}`);
    await page.locator('section.card').first().waitFor();
    await look(page, room);
  }
  await page.goto(`${demo.address}/page/accounts/shop/settings`);
  await page.check('input[name=rejectCall]');
  await page.click('button.main');
  await page.locator('.note[role=status]').waitFor();
  assert.equal(await page.isChecked('input[name=rejectCall]'), true);
});
await check('unlinked on the phone: seen live, with the reason', async () => {
  await page.goto(`${demo.address}/page/accounts/shop`);
  await page.locator('#head .chip.open').waitFor();
  await demo.control('/unlink', { jid });
  await page.locator('#head .chip.close').waitFor();
  await page.getByText('This device was unlinked').first().waitFor();
  await look(page, 'unlinked');
});
await check('connect paints a code quickly', async () => {
  await page.reload();
  const before = performance.now();
  await page.click('#connect');
  await page.locator('#link .ground svg').waitFor();
  console.log(`     connect to code: ${Math.round(performance.now() - before)} ms`);
});
await check('a pairing code, from a number as people write it', async () => {
  await page.goto(`${demo.address}/page/accounts/shop?with=number`);
  await page.fill('input[name=number]', '+1 (555) 000-1111');
  await page.press('input[name=number]', 'Enter');
  await page.locator('#pairing').waitFor();
  await look(page, 'pairing');
  const answer = await demo.control('/code', { code: (await page.textContent('#pairing')).trim() });
  jid = answer.jid ?? answer.account ?? jid;
  await page.locator('#link .done').waitFor();
});
await check('a link for somebody else shows one code, and ends with it', async () => {
  await page.goto(`${demo.address}/`);
  await create(page, 'guest');
  await page.locator('#link .ground svg').waitFor();
  await page.click('#invite summary');
  await page.click('#invite button >> nth=0');
  const url = (await page.textContent('#invitation')).trim();
  const guest = await open();
  await guest.goto(url);
  await look(guest, 'invited');
  assert.equal(await guest.locator('a[href="/page/accounts/shop"]').count(), 0);
  await demo.control('/scan', { qr: await decode(guest, 'shots/guest.png'), phone: '15550002222' });
  await guest.locator('#link .done').waitFor();
  await guest.reload();
  await guest.reload();
  await guest.getByText('no longer valid').first().waitFor();
  await guest.context().close();
});
await check('without a script: sign in, see states, see the code', async () => {
  const plain = await open({ javaScriptEnabled: false });
  await signIn(plain);
  await create(plain, 'plain');
  assert.ok((await decode(plain, 'shots/plain.png')).length > 50);
  assert.ok(await plain.locator('noscript').count());
  await plain.context().close();
});
await check('with the keyboard alone', async () => {
  const keys = await open();
  await keys.goto(`${demo.address}/`);
  await keys.keyboard.type(demo.key);
  await keys.keyboard.press('Enter');
  await keys.locator('.accounts').waitFor();
  await keys.locator('body').press('Tab');
  assert.equal(await keys.evaluate(() => document.activeElement.className), 'skip');
  await keys.context().close();
});
await check('contact lost is said, and found again', async () => {
  await page.goto(`${demo.address}/`);
  await page.locator('.accounts').waitFor();
  await page.evaluate(() => { const at = performance.now.bind(performance); performance.now = () => at() + 60_000; });
  await page.locator('#lost:not([hidden])').waitFor();
  await page.locator('#lost[hidden]').waitFor({ state: 'attached', timeout: 20_000 });
});
await check('four languages, 320 and 1440 px', async () => {
  for (const locale of ['en', 'pt-BR', 'es', 'de']) {
    for (const width of [320, 1440]) {
      const other = await open({ locale, viewport: { width, height: 900 }, deviceScaleFactor: 1 });
      await signIn(other);
      await other.goto(`${demo.address}/page/accounts/plain`);
      assert.equal(await other.getAttribute('html', 'lang'), locale);
      await other.locator('#link .ground svg').waitFor();
      await look(other, `${locale}-${width}`);
      await other.context().close();
    }
  }
});
await check('strangers are refused', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await raw('GET', '/', { accept: 'text/html', host: 'evil.example' })).statusCode, 403);
  assert.equal((await raw('POST', '/page/sign-in', { ...form, origin: 'http://evil.example' }, `key=${demo.key}`)).statusCode, 403);
  const cookie = (await page.context().cookies()).map((c) => `${c.name}=${c.value}`).join('; ');
  assert.equal((await raw('POST', '/page/accounts', { ...form, cookie }, 'name=forged')).statusCode, 403);
  const reply = await raw('GET', '/', { accept: 'text/html' });
  assert.match(reply.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
});
await check('a cold load is small', async () => {
  const cold = await open();
  let bytes = 0;
  let requests = 0;
  cold.on('response', async (r) => { requests += 1; bytes += Number((await r.allHeaders())['content-length'] ?? 0); });
  await cold.goto(`${demo.address}/`, { waitUntil: 'networkidle' });
  console.log(`     cold load: ${bytes} bytes, ${requests} requests`);
  assert.ok(bytes < 60_000);
  await cold.context().close();
});
await check('signed out everywhere', async () => {
  await page.goto(`${demo.address}/`);
  await page.click('footer button.plain');
  await page.locator('input[name=key]').waitFor();
});

const furnished = await start(process.argv[2]);
const ask = async (path) => (await fetch(furnished.address + path, { headers: { apikey: furnished.key } })).json();
const zbar = (file) => execFileSync('zbarimg', ['--nodbus', '-q', '--raw', file], { encoding: 'utf8' }).trim();
await check('the PNG and the page hold exactly the code, light and dark, at 1x and 2x', async () => {
  for (const deviceScaleFactor of [1, 2]) {
    const page = await open({ deviceScaleFactor });
    await page.goto(`${furnished.address}/`);
    await page.fill('input[name=key]', furnished.key);
    await page.press('input[name=key]', 'Enter');
    await page.goto(`${furnished.address}/page/accounts/demo`);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.locator('#link .ground svg').waitFor();
      const file = `shots/qr-${deviceScaleFactor}-${colorScheme}.png`;
      await page.locator('#link .qr').screenshot({ path: file });
      const { code, base64 } = await ask('/instance/connect/demo');
      assert.equal(zbar(file), code);
      writeFileSync('shots/qr-api.png', Buffer.from(base64.split(',')[1], 'base64'));
      assert.equal(zbar('shots/qr-api.png'), code);
    }
    await page.context().close();
  }
});
await check('the demo phone scans and unlinks from the page; a business account asks for no code', async () => {
  const page = await open();
  await page.goto(`${furnished.address}/`);
  await page.fill('input[name=key]', furnished.key);
  await page.press('input[name=key]', 'Enter');
  await page.goto(`${furnished.address}/page/accounts/demo`);
  await page.click('#demo-scan');
  await page.locator('.done').waitFor();
  await page.locator('#demo-unlink').waitFor();
  for (const over of ['.how', '#connect']) assert.equal(await page.locator(over).locator('visible=true').count(), 0, over);
  await look(page, 'demo-linked');
  await page.click('#demo-unlink');
  await page.locator('.chip.close').first().waitFor();
  await page.goto(`${furnished.address}/page/accounts/business`);
  await page.getByText("Jasper's Market").first().waitFor();
  assert.equal(await page.locator('.ground').count(), 0);
  await look(page, 'business');
  await page.context().close();
});
await furnished.stop();

await browser.close();
await demo.stop();
for (const fault of faults) console.error(`page: ${fault}`);
console.log(`${passed} checks passed, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
