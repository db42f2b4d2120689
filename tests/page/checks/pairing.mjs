// Linking by telephone number.
import assert from 'node:assert/strict';
import { LOCAL, create, look, open, signIn } from '../lib/browser.mjs';
import { check } from '../lib/checks.mjs';
import { demo } from '../lib/demo.mjs';

export default async function pairing() {
  const box = await demo('--empty');
  // A name of the local network over plain http, as at home: no secure context, so no clipboard API.
  const page = await open();
  const address = `http://${LOCAL}:${box.port}`;
  await signIn(page, { ...box, address });
  await create(page, 'home');
  await page.click('.ways a:last-child');
  await check('a number that cannot be one: why, and what was typed stays', async () => {
    for (const [typed, said] of [['0151 23456789', 'starts with 0'], ['+1 555', 'has 4 digits'], ['me@home', 'There is “m” in it']]) {
      await page.fill('#number', typed);
      await page.press('#number', 'Enter');
      await page.locator('#number-wrong', { hasText: said }).waitFor();
      assert.equal(await page.inputValue('#number'), typed);
    }
    await look(page, 'number-wrong');
    assert.match(page.url(), /\?with=number$/, 'read again, nothing is sent again');
  });
  await check('a code, from a number as an address book copies it', async () => {
    await page.fill('#number', '\u202a00 1 (555)\u00a0000\u20111111\u202c');
    await page.press('#number', 'Enter');
    await page.locator('#pairing').waitFor();
    assert.match(await page.textContent('#pairing'), /^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    await look(page, 'pairing');
  });
  await check('the copy button works without a secure context', async () => {
    assert.equal(await page.evaluate(() => isSecureContext), false);
    const code = await page.textContent('#pairing');
    await page.click('#copy-pairing');
    await page.locator('#copy-pairing', { hasText: 'Copied' }).waitFor();
    await page.click('#other summary');
    await page.fill('#number', '');
    await page.press('#number', 'ControlOrMeta+V');
    assert.equal(await page.inputValue('#number'), code);
  });
  await check('what is half typed stays while the page changes', async () => {
    await page.fill('#number', '+49 15');
    await box.control('/code', { phone: '15550001111', code: 'AAAA-AAAA' }).catch(() => {});
    await box.api('GET', '/instance/connect/home?number=15550001111');
    assert.equal(await page.inputValue('#number'), '+49 15');
  });
  await check('typed on the phone, it links', async () => {
    await box.control('/code', { phone: '15550001111', code: (await page.textContent('#pairing')).trim() });
    await page.locator('#link .panel.good').waitFor();
  });
  await page.context().close();
  await box.stop();
}
