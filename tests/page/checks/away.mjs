// WhatsApp cannot be reached: that is said, why, and when the next try is.
import assert from 'node:assert/strict';
import { create, look, open, signIn } from '../lib/browser.mjs';
import { check, isLeft, together } from '../lib/checks.mjs';
import { demo } from '../lib/demo.mjs';

const down = { kind: 'upgrade', status: 503, times: 1000 };
const seconds = (text) => Number(text.match(/(\d+) s/)[1]);

export default async function away() {
  const box = await demo('--empty');
  const page = await open();
  await signIn(page, box);
  await check('before the first link: why there is no code, and a countdown that is true', async () => {
    await box.control('/fault', down);
    await create(page, 'home');
    await page.locator('#link .panel.care', { hasText: 'WhatsApp cannot be reached' }).waitFor();
    await page.getByText('WhatsApp is not available right now.').waitFor();
    await look(page, 'away-unlinked');
    // A wait that is long enough to be compared.
    await page.waitForFunction(() => Number(document.querySelector('#link [data-until]')?.textContent.match(/(\d+) s/)?.[1]) >= 4);
    const next = async () => (await box.api('GET', '/instance/connectionState/home')).instance.nextRetryAt;
    const [shown, at, began, ended] = await together(() => page.textContent('#link [data-until]'), next);
    isLeft(seconds(shown), at, began, ended);
  });
  await check('it counts down, and at its end the next try is made', async () => {
    const attempts = Number((await box.api('GET', '/instance/connectionState/home')).instance.attempt);
    const from = seconds(await page.textContent('#link [data-until]'));
    await page.waitForFunction((n) => Number(document.querySelector('#link [data-until]')?.textContent.match(/(\d+) s/)?.[1]) < n, from);
    await page.waitForFunction((n) => [...document.querySelectorAll('#link p')].some((p) => Number(p.textContent.match(/attempt (\d+)/)?.[1]) > n), attempts);
  });
  await check('WhatsApp is back: trying now shows the code', async () => {
    await box.control('/fault', {}, 'DELETE');
    await page.click('#connect');
    await page.locator('#link .ground svg').waitFor();
    await page.click('#demo-scan');
    await page.locator('#link .panel.good').waitFor();
  });
  await check('a linked account that is cut off says so live, here and in the list, and comes back', async () => {
    await box.control('/fault', down);
    await box.control('/fault', { kind: 'drop' });
    await page.locator('#link .panel.care', { hasText: 'Interrupted' }).waitFor();
    await look(page, 'away');
    const list = await page.context().newPage();
    await list.goto(`${box.address}/`);
    await list.locator('.account.care .why', { hasText: 'not available' }).waitFor();
    await look(list, 'list-away');
    await box.control('/fault', {}, 'DELETE');
    await page.click('#connect');
    await Promise.all([page.locator('#link .panel.good').waitFor(), list.locator('.account.good').waitFor()]);
  });
  await check('while WhatsApp takes its time, the place for the code is kept', async () => {
    await page.goto(`${box.address}/`);
    await create(page, 'ready');
    await page.locator('#link .ground svg').waitFor();
    const side = async (what) => (await page.locator(what).boundingBox()).height;
    const code = await side('#link .qr');
    await box.control('/fault', { kind: 'hang_hello' });
    await page.goto(`${box.address}/`);
    await create(page, 'slow');
    await page.locator('#link .qr.coming', { hasText: 'Fetching a code' }).waitFor();
    await look(page, 'coming');
    assert.ok(Math.abs(await side('#link .qr') - code) < code / 15);
  });
  await page.context().close();
  await box.stop();
}
