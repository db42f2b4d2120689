// WHATSAPP-BUSINESS: created, refused, mended on the page.
import assert from 'node:assert/strict';
import { look, open, signIn } from '../lib/browser.mjs';
import { check } from '../lib/checks.mjs';
import { demo } from '../lib/demo.mjs';

const ID = '106540352242999';

export default async function cloud() {
  const box = await demo('--empty');
  await box.control('/meta/number', { id: ID, token: 'good-token', name: "Jasper's Market", display: '+1 631-555-5555' });
  const page = await open();
  await signIn(page, box);
  const form = page.locator('#cloud form');
  await check('a telephone number in place of the id is told so; what was typed stays', async () => {
    await page.click('#cloud > summary');
    await form.locator('[name=name]').fill('shop');
    await form.locator('[name=number]').fill('+1 631 555 5555');
    await form.locator('[name=token]').fill('wrong-token');
    await form.locator('button').click();
    await page.getByText('This is no phone number ID').waitFor();
    assert.equal(await form.locator('[name=name]').inputValue(), 'shop');
    assert.equal(await form.locator('[name=token]').inputValue(), '', 'no secret is sent back');
    await look(page, 'cloud-add');
  });
  await check('a token that Meta refuses: the state and why; never a code', async () => {
    await form.locator('[name=number]').fill(ID);
    await form.locator('[name=token]').fill('wrong-token');
    await form.locator('button').click();
    await page.locator('#link .panel.bad', { hasText: 'Meta does not accept the access token' }).waitFor();
    assert.equal(await page.locator('.ground, .how, .ways').count(), 0);
    await look(page, 'cloud-refused');
  });
  await check("another token, given on the page, and Meta's answer is seen", async () => {
    await page.locator('#meta-token').fill('good-token');
    await page.press('#meta-token', 'Enter');
    await page.locator('#head .chip.good').waitFor();
    await page.locator('#head', { hasText: "Jasper's Market" }).waitFor();
    await look(page, 'cloud-settings');
    await page.goto(`${box.address}/page/accounts/shop`);
    await page.locator('#link .panel.good').waitFor();
    await look(page, 'cloud');
  });
  await check('what Meta says next is seen live', async () => {
    await box.control('/meta/condition', { id: ID, kind: 'blocked' });
    await page.click('#restart');
    await page.getByText('Meta has blocked this number').first().waitFor();
    await box.control('/meta/condition', { id: ID, kind: 'good' });
    await page.click('#connect');
    await page.locator('#link .panel.good').waitFor();
  });
  await page.context().close();
  await box.stop();
}
