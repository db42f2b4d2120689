// Who is signed in, as whom, and for how long.
import assert from 'node:assert/strict';
import { look, open, signIn } from '../lib/browser.mjs';
import { check, figure } from '../lib/checks.mjs';
import { demo, serve } from '../lib/demo.mjs';

export default async function sessions() {
  const box = await demo('--empty');
  const home = await box.api('POST', '/instance/create', { instanceName: 'home', integration: 'WHATSAPP-BAILEYS' });
  await box.api('POST', '/instance/create', { instanceName: 'other', integration: 'WHATSAPP-BAILEYS' });
  const owner = await open();
  await signIn(owner, box);
  await check('the cookie is for this site and no script, and ends; the key is nowhere in the page', async () => {
    const [cookie] = await owner.context().cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Strict', '/']);
    assert.ok(cookie.expires > Date.now() / 1000 + 3600 && cookie.expires < Date.now() / 1000 + 32 * 86400);
    assert.ok(!cookie.value.includes(box.key));
    const stored = await owner.evaluate(() => [document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage), document.documentElement.outerHTML].join());
    assert.ok(!stored.includes(box.key) && !stored.includes(cookie.value));
  });
  const guest = await open();
  await check("an account's own key shows that account only", async () => {
    await signIn(guest, box, home.hash);
    await guest.locator('#head h1', { hasText: 'home' }).waitFor();
    await look(guest, 'own-key');
    assert.equal(await guest.locator('.back').count(), 0);
    assert.equal((await guest.goto(`${box.address}/page/accounts/other`)).status(), 404);
    await look(guest, 'gone');
    await guest.goto(`${box.address}/`);
    assert.equal((await guest.request.get(`${box.address}/page/live`, { maxRedirects: 0 })).status(), 303);
    const csrf = await guest.locator('input[name=csrf]').first().getAttribute('value');
    const reply = await guest.request.post(`${box.address}/page/accounts/other/delete`, { form: { csrf } });
    assert.equal(reply.status(), 404);
    assert.equal((await box.api('GET', '/instance/fetchInstances')).length, 2);
  });
  await check('a new key, made on the page, ends what was signed in with the one before, and works', async () => {
    await owner.goto(`${box.address}/page/accounts/home/settings`);
    await owner.click('#ask-key summary');
    await owner.click('#ask-key button');
    const key = (await owner.textContent('#fresh-key')).trim();
    await look(owner, 'fresh-key');
    await guest.locator('input[name=key]').waitFor(); // by itself
    await signIn(guest, box, home.hash);
    await guest.locator('#wrong').waitFor();
    await signIn(guest, box, key);
    await guest.locator('#head h1', { hasText: 'home' }).waitFor();
  });
  await check('signed out everywhere, every browser of that key sees it at once', async () => {
    const elsewhere = await open();
    await signIn(elsewhere, box);
    await elsewhere.locator('.accounts').waitFor();
    await owner.goto(`${box.address}/`);
    await owner.click('form[action$="sign-out-everywhere"] button');
    await owner.locator('input[name=key]').waitFor();
    await elsewhere.locator('input[name=key]').waitFor();
    await guest.reload();
    await guest.locator('#head h1', { hasText: 'home' }).waitFor();
    await elsewhere.context().close();
  });
  await check('guessing is slowed down, and told', async () => {
    const guesser = await open();
    for (let n = 0; n < 40 && !(await guesser.getByText('Too many wrong keys').count()); n += 1) await signIn(guesser, box, `guess-${n}`);
    await guesser.getByText('Too many wrong keys').waitFor();
    await guesser.context().close();
  });
  await check('tetherd is gone: said within seconds; back again it is found, and the browser is still signed in', async () => {
    const real = await serve();
    const page = await open({ calm: false }); // a refused connection is an error to Chromium
    await signIn(page, real, real.command('key', 'show'));
    await page.fill('#name', 'home');
    const began = performance.now();
    await real.cut();
    await page.locator('#lost:not([hidden])').waitFor();
    figure('a dead tetherd is told after', `${Math.round(performance.now() - began)} ms`);
    assert.equal(await page.inputValue('#name'), 'home', 'what was typed stays');
    await real.again();
    await page.locator('#lost').waitFor({ state: 'hidden' });
    await page.reload();
    await page.locator('#name').waitFor();
    await page.context().close();
    await real.stop();
  });
  await guest.context().close();
  await owner.context().close();
  await box.stop();
}
