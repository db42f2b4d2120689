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
