// What an independent decoder reads on a screenshot of the whole page.
import { execFileSync } from 'node:child_process';

export const zbar = (file) => execFileSync('zbarimg', ['--nodbus', '-q', '--raw', file], { encoding: 'utf8' }).trim();

export async function read(page, name) {
  await page.locator('#link .ground svg').waitFor();
  await page.locator('#link .ground').scrollIntoViewIfNeeded();
  const file = `shots/code-${name}.png`;
  await page.screenshot({ path: file });
  return zbar(file);
}

// A phone scans what is on the screen. A code that ended between the two is no fault: people scan the next one.
export async function scan(box, page, name, phone) {
  for (let tries = 1; ; tries += 1) {
    const qr = await read(page, name);
    try {
      await box.control('/scan', { qr, phone });
      return qr;
    } catch (error) {
      if (tries === 5 || !error.message.includes('expired')) throw error;
    }
  }
}
