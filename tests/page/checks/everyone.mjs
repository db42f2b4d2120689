// For everyone: four languages, narrow and wide, without a script, with the keyboard, by ear, without motion.
import assert from 'node:assert/strict';
import { create, look, open, signIn } from '../lib/browser.mjs';
import { agree, check } from '../lib/checks.mjs';
import { read, scan } from '../lib/code.mjs';
import { demo } from '../lib/demo.mjs';

const LINKED = { en: 'Linked', 'pt-BR': 'Conectada', es: 'Vinculada', de: 'Verbunden' };

export default async function everyone() {
  const box = await demo('--empty');
  await check('without a script: sign in, see the state, see the code, see it linked', async () => {
    const page = await open({ javaScriptEnabled: false });
    await signIn(page, box);
    await create(page, 'plain');
    await read(page, 'plain');
    assert.match(await page.textContent('main'), /New code in \d+ s/);
    await page.screenshot({ path: 'shots/plain.png', fullPage: true });
    assert.equal(await page.locator('[data-script]:visible').count(), 0, 'nothing that cannot work');
    await scan(box, page, 'plain');
    await page.locator('.panel.good').waitFor(); // the page reads itself again
    await page.context().close();
  });
  await box.api('POST', '/instance/create', { instanceName: 'home', integration: 'WHATSAPP-BAILEYS' });
  await check('four languages at 320 and 1440 px, chosen by the browser', async () => {
    for (const locale of Object.keys(LINKED)) {
      for (const width of [320, 1440]) {
        const page = await open({ locale, viewport: { width, height: 900 }, deviceScaleFactor: 1 });
        await signIn(page, box);
        await page.locator('.account.good .said', { hasText: LINKED[locale] }).waitFor();
        await look(page, `list-${locale}-${width}`);
        await page.goto(`${box.address}/page/accounts/home`);
        assert.equal(await page.getAttribute('html', 'lang'), locale);
        await page.locator('#connect, #link .ground svg').first().waitFor();
        if (await page.locator('#connect').count()) await page.click('#connect');
        await page.locator('#link .ground svg').waitFor();
        await look(page, `code-${locale}-${width}`);
        const { width: side } = await page.locator('#link .ground').boundingBox();
        assert.ok(side >= Math.min(width * 0.75, 320), `the code is as large as the screen allows: ${side} of ${width} px`);
        await agree(() => read(page, `${locale}-${width}`), async () => (await box.api('GET', '/instance/connect/home')).code);
        await page.click('.ways a:last-child');
        await page.locator('#number').waitFor();
        await look(page, `number-${locale}-${width}`);
        for (const room of ['settings', 'webhook', 'events']) {
          await page.goto(`${box.address}/page/accounts/home/${room}`);
          await look(page, `${room}-${locale}-${width}`);
        }
        await page.context().close();
      }
    }
  });
  await check('the switch changes the language, and that is remembered', async () => {
    const page = await open();
    await page.goto(`${box.address}/`);
    await page.click('button[lang=de]');
    await page.getByText('Wo ist mein Schlüssel?').waitFor();
    await page.reload();
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    await page.context().close();
  });
  await check("times are in the reader's zone and language", async () => {
    const page = await open({ timezoneId: 'Pacific/Kiritimati', locale: 'de' });
    await signIn(page, box);
    const time = page.locator('.account.good time');
    const shown = await time.textContent();
    const at = new Date(await time.getAttribute('datetime'));
    const there = new Intl.DateTimeFormat('de', { timeStyle: 'short', timeZone: 'Pacific/Kiritimati' }).format(at);
    assert.ok(shown.endsWith(there), `${shown} is not ${there}`);
    await page.context().close();
  });
  await check('with the keyboard alone: in, to an account, to its code', async () => {
    const page = await open({ viewport: { width: 1024, height: 800 } });
    await page.goto(`${box.address}/`);
    // The browser puts the caret there on its own time.
    await page.waitForFunction(() => document.activeElement?.name === 'key');
    await page.keyboard.type(box.key);
    await page.keyboard.press('Enter');
    await page.locator('.accounts').waitFor();
    await page.waitForLoadState();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'content');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'home');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement.closest('.account')).outlineStyle);
    assert.equal(outline, 'solid', 'where one is, is seen');
    await page.screenshot({ path: 'shots/focus.png' });
    await page.keyboard.press('Enter');
    await page.locator('#link .ground svg').waitFor();
    await page.context().close();
  });
  await check('by ear: a code nears its end', async () => {
    const page = await open();
    await signIn(page, box);
    await page.goto(`${box.address}/page/accounts/home`);
    await page.locator('#link .ground svg').waitFor();
    // Long enough above 30 s for the page to have seen it there; a new code meanwhile begins its own countdown.
    await page.waitForFunction(() => {
      const span = document.querySelector('.under [data-until]');
      if (span && !span.dataset.hurried) {
        span.dataset.until = performance.now() + 31_500;
        span.dataset.hurried = 'yes';
      }
      return document.getElementById('say').textContent.includes('30 s left for this code');
    });
    await page.context().close();
  });
  await check('less motion when asked for', async () => {
    const page = await open({ reducedMotion: 'reduce' });
    await signIn(page, box);
    await page.goto(`${box.address}/page/accounts/home`);
    await page.locator('#link .ground svg').waitFor();
    const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length);
    assert.equal(moving, 0);
    assert.equal(await page.locator('.ring .left').isVisible(), false);
    await page.context().close();
  });
  await check('the keyboard keeps its place when what it was on goes', async () => {
    const page = await open();
    await signIn(page, box);
    await page.goto(`${box.address}/page/accounts/home`);
    await page.locator('#link .ground svg').waitFor();
    await page.focus('.ways a:last-child');
    await scan(box, page, 'kept', '15550003333');
    await page.locator('#link .panel.good').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
    await page.context().close();
  });
  await box.stop();
}
