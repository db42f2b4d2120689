// A link for somebody else.
import assert from 'node:assert/strict';
import { create, faults, look, open, signIn } from '../lib/browser.mjs';
import { check, isLeft } from '../lib/checks.mjs';
import { scan, zbar } from '../lib/code.mjs';
import { demo } from '../lib/demo.mjs';

export default async function invite() {
  const box = await demo('--empty');
  const page = await open();
  await signIn(page, box);
  await create(page, 'home');
  await page.locator('#link .ground svg').waitFor();
  const make = async () => {
    await page.goto(`${box.address}/page/accounts/home`);
    if (await page.locator('#invite:not([open])').count()) await page.click('#invite > summary');
    await page.locator('#invite button', { hasText: 'Make an address' }).click();
    return (await page.textContent('#invitation')).trim();
  };
  let url;
  await check('it is made, shown once, and its QR code holds it', async () => {
    url = await make();
    await page.click('#invitation-qr summary');
    await page.locator('#invitation-qr .ground').scrollIntoViewIfNeeded();
    await page.screenshot({ path: 'shots/invitation-code.png' });
    assert.ok(zbar('shots/invitation-code.png').split('\n').includes(url));
    await look(page, 'invite');
    await page.click('#copy-invitation');
    await page.locator('#copy-invitation', { hasText: 'Copied' }).waitFor();
    await page.evaluate(() => { document.body.append(Object.assign(document.createElement('textarea'), { id: 'pasted' })); });
    await page.focus('#pasted');
    await page.keyboard.press('ControlOrMeta+V');
    assert.equal(await page.inputValue('#pasted'), url);
    await page.reload();
    await page.getByText('An address is open').waitFor();
    assert.equal(await page.locator('#invitation').count(), 0);
  });
  const guest = await open();
  await check('who opens it sees that linking, and nothing else', async () => {
    await guest.goto(url);
    await guest.locator('#link .ground svg').waitFor();
    await look(guest, 'guest');
    await guest.click('.ways a:last-child');
    await guest.fill('#number', '+1 555 000 1111');
    await guest.press('#number', 'Enter');
    await guest.locator('#pairing').waitFor();
    await look(guest, 'guest-pairing');
    await guest.goto(url);
    assert.equal(await guest.locator('.rooms, #acts, #inviting, form[action="/page/sign-out"]').count(), 0);
    for (const path of ['/page/accounts/home', '/page/accounts/home/webhook', `${new URL(url).pathname}/webhook`, `${new URL(url).pathname}/delete`]) {
      const reply = await guest.request.get(box.address + path);
      assert.ok(!(await reply.text()).includes('ask-delete'), path);
    }
    const reply = await guest.request.post(`${url}/delete`, { form: {} });
    assert.equal(reply.status(), 404);
  });
  await check('taken back, it ends at once, also where it is open', async () => {
    await page.getByText('Take it back').click();
    await guest.getByText('no longer valid').waitFor();
    await look(guest, 'guest-over');
    assert.equal((await guest.request.get(url)).status(), 404);
    assert.equal((await box.api('DELETE', '/instance/invite/home')).code, 'no_invitation');
  });
  await check('made by the API it ends with the link, for good; the guest is told of success, also when reading again', async () => {
    const asked = Date.now();
    const made = await box.api('POST', '/instance/invite/home', { expiresIn: 300 });
    isLeft(300, made.expiresAt, asked, Date.now());
    await guest.goto(made.url);
    await scan(box, guest, 'guest', '15550002222');
    await guest.locator('#link .panel.good').waitFor();
    await guest.reload();
    await guest.getByText('You can close this page').waitFor();
    await look(guest, 'guest-linked');
    await box.api('DELETE', '/instance/logout/home');
    await guest.reload();
    assert.equal(await guest.locator('#connect, .ground').count(), 0, 'a used one opens nothing, even after a log-out');
    url = made.url;
  });
  await check('its secret is in no log, and other sites learn of no address', async () => {
    const secret = new URL(url).pathname.split('/').pop();
    assert.ok(secret.length >= 32);
    assert.ok(box.log().includes('answered'), 'requests are in the log');
    if (box.log().includes(secret)) faults.push('an invitation is in the log');
    const reply = await guest.request.get(url);
    assert.equal(reply.headers()['referrer-policy'], 'same-origin');
    assert.equal(reply.headers()['cache-control'], 'no-store');
  });
  await guest.context().close();
  await page.context().close();
  await box.stop();
}
