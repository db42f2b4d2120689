// A code lives for a minute: the next one takes its place without a gap. Runs beside the other checks.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { create, open, signIn } from '../lib/browser.mjs';
import { agree, check, isLeft, together } from '../lib/checks.mjs';
import { read, scan, zbar } from '../lib/code.mjs';
import { demo } from '../lib/demo.mjs';

export default async function nextCode() {
  const box = await demo('--empty');
  const page = await open();
  await signIn(page, box);
  await create(page, 'home');
  const first = await read(page, 'first');
  const expires = async () => (await box.api('GET', '/instance/connect/home')).expiresAt;
  const [shown, at, began, ended] = await together(() => page.textContent('.under [data-until]'), expires);
  // Every frame until the next one is looked at.
  await page.evaluate(() => {
    const first = document.querySelector('.qr').dataset.key;
    let gaps = 0;
    const frame = () => {
      const qr = document.querySelector('#link .qr');
      const there = qr?.querySelector('.ground svg')?.clientWidth;
      if (!there) gaps += 1;
      if (!there || qr.dataset.key === first) return requestAnimationFrame(frame);
      const dur = parseInt(qr.querySelector('.ring .left animate').getAttribute('dur'), 10);
      globalThis.next = { gaps, dur, words: document.querySelector('#link .under').textContent };
      return undefined;
    };
    frame();
  });
  return async () => {
    await check("a code's countdown is its true expiry", async () => isLeft(parseInt(shown, 10), at, began, ended));
    await check('the next code takes its place by itself, without a gap', async () => {
      const next = await (await page.waitForFunction(() => globalThis.next, null, { timeout: 120_000 })).jsonValue();
      assert.equal(next.gaps, 0);
      assert.match(next.words, /code 2 of 30/);
      assert.ok(next.dur < 61_000);
      const now = await agree(() => read(page, 'second'), async () => (await box.api('GET', '/instance/connect/home')).code);
      assert.notEqual(now, first);
      await scan(box, page, 'second');
      await page.locator('#link .panel.good').waitFor();
    });
    await check('PNG, page and API hold the same code at 1x and 2x, light and dark', async () => {
      await box.api('POST', '/instance/create', { instanceName: 'other', integration: 'WHATSAPP-BAILEYS' });
      for (const deviceScaleFactor of [1, 2]) {
        const tab = await open({ deviceScaleFactor, viewport: { width: 1440, height: 900 } });
        await signIn(tab, box);
        for (const colorScheme of ['light', 'dark']) {
          await tab.emulateMedia({ colorScheme });
          await tab.goto(`${box.address}/page/accounts/other`);
          let answer;
          await agree(() => read(tab, `${deviceScaleFactor}x-${colorScheme}`), async () => {
            answer = await box.api('GET', '/instance/connect/other');
            return answer.code;
          });
          writeFileSync('shots/api.png', Buffer.from(answer.base64.split(',')[1], 'base64'));
          assert.equal(zbar('shots/api.png'), answer.code);
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
