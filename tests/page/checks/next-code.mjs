// A code lives for a minute: the next one takes its place without a gap. Runs beside the other checks.
import assert from 'node:assert/strict';
import { create, open, signIn } from '../lib/browser.mjs';
import { check } from '../lib/checks.mjs';
import { read, zbar } from '../lib/code.mjs';
import { demo } from '../lib/demo.mjs';

export default async function nextCode() {
  const box = await demo('--empty');
  const page = await open();
  await signIn(page, box);
  await create(page, 'home');
  const first = await read(page, 'first');
  const { expiresAt } = await box.api('GET', '/instance/connect/home');
  const shown = Number((await page.textContent('.under [data-until]')).match(/\d+/)[0]);
  const left = (Date.parse(expiresAt) - Date.now()) / 1000;
  // Every frame in between is looked at.
  await page.evaluate(() => {
    globalThis.gaps = 0;
    const frame = () => {
      const svg = document.querySelector('#link .qr .ground svg');
      if (!svg?.clientWidth) globalThis.gaps += 1;
      requestAnimationFrame(frame);
    };
    frame();
  });
  const key = await page.getAttribute('.qr', 'data-key');
  const next = page.waitForFunction((old) => document.querySelector('.qr')?.dataset.key !== old, key, { timeout: 90_000 });
  return async () => {
    await check("a code's countdown is its true expiry", async () => assert.ok(Math.abs(shown - left) < 1.5, `${shown} shown, ${left} true`));
    await check('the next code takes its place by itself, without a gap', async () => {
      await next;
      assert.equal(await page.evaluate(() => globalThis.gaps), 0);
      await page.getByText('code 2 of 30').waitFor();
      const second = await read(page, 'second');
      assert.notEqual(second, first);
      assert.equal(second, (await box.api('GET', '/instance/connect/home')).code);
      const ring = await page.getAttribute('.ring .left animate', 'dur');
      assert.ok(parseInt(ring, 10) < 61_000);
      await box.control('/scan', { qr: second });
      await page.locator('#link .panel.good').waitFor();
    });
    await check('PNG, page and API hold the same code at 1x and 2x, light and dark', async () => {
      await box.api('POST', '/instance/create', { instanceName: 'other', integration: 'WHATSAPP-BAILEYS' });
      const { writeFileSync } = await import('node:fs');
      for (const deviceScaleFactor of [1, 2]) {
        const tab = await open({ deviceScaleFactor, viewport: { width: 1440, height: 900 } });
        await signIn(tab, box);
        for (const colorScheme of ['light', 'dark']) {
          const { code, base64 } = await box.api('GET', '/instance/connect/other');
          await tab.emulateMedia({ colorScheme });
          await tab.goto(`${box.address}/page/accounts/other`);
          assert.equal(await read(tab, `${deviceScaleFactor}x-${colorScheme}`), code);
          writeFileSync('shots/api.png', Buffer.from(base64.split(',')[1], 'base64'));
          assert.equal(zbar('shots/api.png'), code);
          const crisp = await tab.evaluate(() => {
            const svg = document.querySelector('.qr .ground svg');
            const dots = svg.getBoundingClientRect().width * devicePixelRatio / svg.viewBox.baseVal.width;
            return Math.abs(dots - Math.round(dots));
          });
          assert.ok(crisp < 0.02, `modules are ${crisp} off whole dots`);
        }
        await tab.context().close();
      }
    });
    await page.context().close();
    await box.stop();
  };
}
