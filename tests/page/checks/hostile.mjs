// Pages of others, names of others, words of others: refused or inert.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { EVIL, LOCAL, look, open, signIn } from '../lib/browser.mjs';
import { check } from '../lib/checks.mjs';
import { demo, serve } from '../lib/demo.mjs';

const SHOP = '106540352242998';

// A page somewhere else, with this within its body.
async function elsewhere(body) {
  const server = createServer((_, reply) => reply.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>x</title>${body}`));
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { port: server.address().port, close: () => server.close() };
}

export default async function hostile() {
  const box = await demo('--empty');
  await box.api('POST', '/instance/create', { instanceName: 'home', integration: 'WHATSAPP-BAILEYS' });
  const page = await open({ calm: false });
  await signIn(page, box);
  const names = async () => (await box.api('GET', '/instance/fetchInstances')).map((row) => row.name ?? row.instanceName);

  // From another site no cookie comes along; from another port of this host it does.
  for (const host of [EVIL, '127.0.0.1']) {
    await check(`a form on a page of ${host}, another origin, changes nothing`, async () => {
      const target = `${box.address}/page/accounts/home/delete`;
      const other = await elsewhere(`<form method=post action="${target}"><input name=csrf value=x></form><script>document.forms[0].submit()</script>`);
      const reply = page.waitForResponse(target);
      await page.goto(`http://${host}:${other.port}/`).catch(() => {});
      assert.equal((await reply).status(), 403);
      assert.deepEqual(await names(), ['home']);
      other.close();
    });
    await check(`a script on a page of ${host}, another origin, reads and changes nothing`, async () => {
      const other = await elsewhere('');
      await page.goto(`http://${host}:${other.port}/`);
      const got = await page.evaluate(async (address) => {
        const tries = [
          fetch(`${address}/`, { credentials: 'include', headers: { accept: 'text/html' } }).then((r) => r.text()),
          fetch(`${address}/page/accounts/home/delete`, { method: 'POST', credentials: 'include', body: 'csrf=x', mode: 'no-cors' }).then((r) => r.type),
          new Promise((resolve, reject) => { const s = new EventSource(`${address}/page/live`, { withCredentials: true }); s.onmessage = (e) => resolve(e.data); s.onerror = () => { s.close(); reject(new Error('refused')); }; }),
        ];
        return (await Promise.allSettled(tries)).map((t) => t.value ?? 'refused');
      }, box.address);
      assert.equal(got[0], 'refused');
      assert.ok(['refused', 'opaque'].includes(got[1]));
      assert.equal(got[2], 'refused');
      assert.deepEqual(await names(), ['home']);
      other.close();
    });
    await check(`a frame on a page of ${host}, another origin, stays empty`, async () => {
      const other = await elsewhere(`<iframe src="${box.address}/"></iframe>`);
      await page.goto(`http://${host}:${other.port}/`);
      await page.waitForLoadState('networkidle');
      const frame = page.frames().find((f) => f !== page.mainFrame());
      assert.equal(await frame.locator('main').count(), 0);
      other.close();
    });
  }
  await check('a session without its proof changes nothing', async () => {
    const reply = await page.request.post(`${box.address}/page/accounts/home/delete`, { form: { csrf: '0'.repeat(64) } });
    assert.equal(reply.status(), 403);
    assert.deepEqual(await names(), ['home']);
  });
  await check('a name that was resolved to this box is refused, in words; names in the configuration are not', async () => {
    const reply = await page.goto(`http://${EVIL}:${box.port}/`);
    assert.equal(reply.status(), 403);
    await page.getByText(`“${EVIL}”`).waitFor();
    await look(page, 'foreign-host');
    assert.equal(await page.locator('form[action*="sign-in"]').count(), 0);
    assert.equal((await page.goto(`http://${EVIL}:${box.port}/page/accounts/home`)).status(), 403);
    assert.equal((await page.goto(`http://${LOCAL}:${box.port}/`)).status(), 200);
    const named = await serve({ TETHERD_HTTP_HOSTS: `a.${EVIL}` });
    assert.equal((await page.goto(`http://a.${EVIL}:${named.port}/`)).status(), 200);
    assert.equal((await page.goto(`http://b.${EVIL}:${named.port}/`)).status(), 403);
    await named.stop();
  });
  await check('markup in names and answers is words', async () => {
    const markup = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
    await box.control('/meta/number', { id: SHOP, token: 't', name: markup, display: '+1 631-555-5556' });
    await box.api('POST', '/instance/create', { instanceName: 'shop', integration: 'WHATSAPP-BUSINESS', number: SHOP, token: 't' });
    await box.api('GET', '/instance/connect/shop');
    for (const path of ['/', '/page/accounts/shop']) {
      await page.goto(box.address + path);
      await page.getByText('onerror=').first().waitFor();
      // And live.
      await box.control('/meta/condition', { id: SHOP, kind: 'blocked' });
      await box.api('POST', '/instance/restart/shop');
      await page.getByText('Meta has blocked this number').first().waitFor();
      await box.control('/meta/condition', { id: SHOP, kind: 'good' });
      await box.api('GET', '/instance/connect/shop');
      await page.locator('.good', { hasText: 'Linked' }).first().waitFor();
      assert.doesNotMatch(await page.title(), /owned/);
      assert.equal(await page.locator('main img, main script').count(), 0);
    }
    await page.goto(`${box.address}/`);
    await page.click('#add > summary');
    await page.fill('#name', markup);
    await page.press('#name', 'Enter');
    await page.getByText('This name is not possible').waitFor();
    assert.equal(await page.inputValue('#name'), markup.slice(0, 64));
    assert.equal(await page.locator('main img').count(), 0);
  });
  await check('the policy lets in nothing but our own files', async () => {
    const headers = (await page.request.get(`${box.address}/`, { headers: { accept: 'text/html' } })).headers();
    assert.match(headers['content-security-policy'], /^default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    await page.goto(`${box.address}/`);
    const ran = await page.evaluate(() => {
      const script = Object.assign(document.createElement('script'), { textContent: 'globalThis.ran = true' });
      document.body.append(script);
      return Boolean(globalThis.ran);
    });
    assert.equal(ran, false);
  });
  await page.context().close();
  await box.stop();
}
