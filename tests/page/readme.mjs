// The two pictures in the README, of the page as it is: node readme.mjs BINARY
import { browser, create, open, signIn } from './lib/browser.mjs';
import { demo } from './lib/demo.mjs';

const folder = '../../packaging/readme';
const box = await demo('--empty');

// What only a demo shows is not the product.
const bare = (page) => page.evaluate(() => { for (const e of document.querySelectorAll('.staged, form:has(.staging)')) e.remove(); });

const phone = await open({ colorScheme: 'dark', isMobile: true });
await signIn(phone, box);
await create(phone, 'family');
await phone.locator('#link .ground svg').waitFor();
await bare(phone);
await phone.screenshot({ path: `${folder}/phone.png` });

const desktop = await open({ viewport: { width: 1120, height: 630 }, deviceScaleFactor: 1.5 });
await signIn(desktop, box);
const link = async (name, number) => {
  await box.api('POST', '/instance/create', { instanceName: name, integration: 'WHATSAPP-BAILEYS' });
  const { code } = await box.api('GET', `/instance/connect/${name}`);
  await box.control('/scan', { qr: code, phone: number });
  await desktop.locator('.account.good h2', { hasText: name }).waitFor();
};
await link('home', '15550001111');
await link('shop', '15550002222');
await box.control('/fault', { kind: 'upgrade', status: 503, times: 1000 });
const rows = await box.api('GET', '/instance/fetchInstances?instanceName=shop');
await box.control('/fault', { kind: 'drop', jid: rows[0].ownerJid });
// A wait that can be read.
await desktop.waitForFunction(() => Number(document.querySelector('.account.care [data-until]')?.textContent.match(/\d+/)?.[0]) >= 8);
await bare(desktop);
await desktop.screenshot({ path: `${folder}/desktop.png` });

await browser.close();
await box.stop();
