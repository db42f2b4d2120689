// From nothing to a linked account, as somebody does who has never seen it.
import assert from 'node:assert/strict';
import { create, look, open, signIn } from '../lib/browser.mjs';
import { check } from '../lib/checks.mjs';
import { scan } from '../lib/code.mjs';
import { demo, serve } from '../lib/demo.mjs';

export default async function firstRun() {
  await check('where the key is, is said, and it is there', async () => {
    const box = await serve();
    const page = await open();
    await page.goto(`${box.address}/`);
    const [program, ...words] = (await page.textContent('#command')).replace('sudo ', '').split(' ');
    assert.equal(program, 'tetherd');
    await look(page, 'sign-in');
    await signIn(page, box, box.command(...words));
    await page.getByText('Link your first account').waitFor();
    await page.context().close();
    await box.stop();
  });

  const box = await demo('--empty');
  const page = await open();
  await check('a wrong key is told so', async () => {
    await signIn(page, box, 'wrong');
    await page.locator('#wrong').waitFor();
    await look(page, 'sign-in-wrong');
  });
  await check('an empty list is an invitation; one press leads to a code', async () => {
    await signIn(page, box);
    await page.getByText('Link your first account').waitFor();
    await look(page, 'first-run');
    assert.equal(await page.inputValue('#name'), 'home');
    await page.press('#name', 'Enter');
    await page.locator('#link .ground svg').waitFor();
    await look(page, 'code');
  });
  await check('what to tap is drawn, step by step, for both kinds of phone', async () => {
    for (const [kind, other] of [['android', 'iphone'], ['iphone', 'android']]) {
      await page.click(`label[for=${kind}]`);
      assert.equal(await page.locator(`.steps.${other}`).isVisible(), false);
      const steps = page.locator(`.steps.${kind} li`);
      assert.ok(await steps.count() >= 4);
      for (const step of await steps.all()) {
        assert.ok((await step.innerText()).trim());
        assert.ok(await step.locator('svg').isVisible());
      }
    }
    await look(page, 'code-iphone');
  });
  await check('the foot says which version this is, under which licence, and where its source is', async () => {
    const { tetherd: version } = await box.api('GET', '/');
    const foot = page.locator('footer p').first();
    assert.match(await foot.textContent(), new RegExp(`tetherd ${version.replaceAll('.', '\\.')} .*AGPL`));
    assert.match(await foot.locator('a').getAttribute('href'), /^https:/);
    assert.ok(await page.locator('.staged').isVisible(), 'a demo says that it is one');
  });
  await check('the code on the screen, read from a screenshot in the dark, links the phone; success is unmistakable', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.evaluate(() => {
      globalThis.heard = [];
      new MutationObserver(() => globalThis.heard.push(document.getElementById('say').textContent))
        .observe(document.getElementById('say'), { childList: true });
    });
    await scan(box, page, 'dark');
    await page.locator('#link .panel.good.fresh').waitFor();
    await page.locator('#head .chip.good').waitFor();
    assert.match(await page.title(), /^home – Linked/);
    const [{ ownerJid }] = await box.api('GET', '/instance/fetchInstances');
    const shown = (await page.textContent('#head p')).replaceAll(/[^0-9]/g, '');
    assert.ok(shown.includes(ownerJid.split('@')[0]), 'whose account it is');
    assert.ok((await page.evaluate(() => globalThis.heard)).some((said) => said.startsWith('Linked.')), 'said to screen readers');
    assert.equal(await page.locator('.how, .ways, #connect, #invite').count(), 0, 'what led there is gone');
    await look(page, 'linked');
  });
  await check('the list tells it', async () => {
    await page.goto(`${box.address}/`);
    await create(page, 'second');
    await page.locator('#link .ground svg').waitFor();
    await page.goto(`${box.address}/`);
    await page.getByText('1 of 2 linked').waitFor();
    await look(page, 'list');
  });
  await page.context().close();
  await box.stop();
}
