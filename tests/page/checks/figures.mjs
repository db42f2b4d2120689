// What it costs.
import assert from 'node:assert/strict';
import { create, open, signIn } from '../lib/browser.mjs';
import { check, figure } from '../lib/checks.mjs';
import { demo } from '../lib/demo.mjs';

async function weigh(page, url, cold = false) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  if (cold) await session.send('Network.clearBrowserCache');
  let bytes = 0;
  let requests = 0;
  session.on('Network.responseReceived', ({ response }) => { requests += response.fromDiskCache || response.encodedDataLength === 0 ? 0 : 1; });
  session.on('Network.loadingFinished', (done) => { bytes += done.encodedDataLength; });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForFunction(() => document.fonts.status === 'loaded');
  return { bytes, requests };
}

export default async function figures() {
  const box = await demo('--empty');
  await check('a cold load is small', async () => {
    const page = await open();
    const cold = await weigh(page, `${box.address}/`);
    figure('cold load of signing in', `${cold.bytes} bytes on the wire in ${cold.requests} requests`);
    assert.ok(cold.bytes < 60_000);
    await page.context().close();
  });
  const page = await open();
  await signIn(page, box);
  await check('assets are packed, named by their content, and never asked for again', async () => {
    const links = await page.evaluate(() => [...document.querySelectorAll('link[href], script[src]')].map((e) => e.href || e.src));
    let plain = 0;
    for (const url of links) {
      const reply = await page.request.get(url);
      assert.match(reply.headers()['cache-control'], /immutable/);
      assert.equal(reply.headers()['content-encoding'], 'gzip');
      assert.match(url, /-[0-9a-f]{12}\.(css|js|svg)$/);
      plain += (await reply.body()).length;
    }
    figure('all files of the page, unpacked', `${plain} bytes in ${links.length} files`);
    assert.ok(plain < 60_000);
    assert.equal((await page.request.get(`${box.address}/assets/page-000000000000.css`)).status(), 404);
    const warm = await weigh(page, `${box.address}/`);
    figure('warm load of the list', `${warm.bytes} bytes in ${warm.requests} requests`);
  });
  await check('a cold load of the code is small', async () => {
    await create(page, 'code');
    await page.locator('#link .ground svg').waitFor();
    const cold = await weigh(page, `${box.address}/page/accounts/code`, true);
    figure('cold load of the code', `${cold.bytes} bytes on the wire in ${cold.requests} requests`);
    assert.ok(cold.bytes < 60_000);
  });
  await check('from pressing connect to the painted code', async () => {
    const took = [];
    // From the press, in the page before, to the frame after the one that has the code.
    await page.addInitScript(() => {
      addEventListener('click', () => sessionStorage.setItem('pressed', performance.timeOrigin + performance.now()), true);
      const seen = () => {
        if (!document.querySelector('#link .ground svg')) return requestAnimationFrame(seen);
        return requestAnimationFrame(() => { globalThis.painted = performance.timeOrigin + performance.now() - sessionStorage.getItem('pressed'); });
      };
      seen();
    });
    for (let n = 0; n < 7; n += 1) {
      await box.api('POST', '/instance/create', { instanceName: `n${n}`, integration: 'WHATSAPP-BAILEYS' });
      await page.goto(`${box.address}/page/accounts/n${n}`);
      await page.click('#connect');
      took.push(await (await page.waitForFunction(() => globalThis.painted)).jsonValue());
    }
    took.sort((a, b) => a - b);
    figure('press of connect to code painted', `${Math.round(took[3])} ms median of 7, ${Math.round(took[6])} ms slowest`);
    // Ten times the aim: a defect, not a slow machine.
    assert.ok(took[3] < 3000, `${took}`);
  });
  await page.context().close();
  await box.stop();
}
