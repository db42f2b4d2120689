// Chromium, and everything that must never be seen in it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// Names that lead to this machine: a name of the local network, and one of an attacker.
export const LOCAL = 'tetherbox.local';
export const EVIL = 'evil.example';
// ms for what must happen: a bound against hanging, wide enough for a machine that builds meanwhile.
const PATIENCE = 60_000;
export const faults = [];

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', `--host-resolver-rules=MAP ${LOCAL} 127.0.0.1, MAP ${EVIL} 127.0.0.1, MAP *.evil.example 127.0.0.1`],
});

// A page of a fresh reader. `calm: false` for pages that are meant to be refused something.
export async function open(options = {}) {
  const { calm = true, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, locale: 'en', ...rest });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  if (calm) watch(page);
  return page;
}

// No console error, no refusal of the policy, no request to another host.
export function watch(page) {
  page.on('console', (m) => {
    // A view that answers 400 or 401 is a resource that failed to Chromium.
    const answered = /^Failed to load resource: .* status of (400|401|403|404|429|502)/.test(m.text());
    if (m.type() === 'error' && !answered) faults.push(`console: ${m.text()} (${page.url()})`);
  });
  page.on('pageerror', (e) => faults.push(`uncaught: ${e} (${page.url()})`));
  page.on('request', (r) => {
    const { hostname, protocol } = new URL(r.url());
    if (!['127.0.0.1', LOCAL].includes(hostname) && protocol !== 'data:') faults.push(`foreign request: ${r.url()}`);
  });
}

export async function signIn(page, { address, key }, other) {
  await page.goto(`${address}/`);
  await page.fill('input[name=key]', other ?? key);
  await Promise.all([page.waitForEvent('load'), page.press('input[name=key]', 'Enter')]);
}

export async function create(page, name) {
  if (await page.locator('#add:not([open])').count()) await page.click('#add > summary');
  await page.fill('#name', name);
  await page.press('#name', 'Enter');
}

// What moves in once has moved in: contrast and pictures are of what stays.
const settled = (page) => page.waitForFunction(() => document.getAnimations()
  .every((a) => a.playState !== 'running' || a.effect.getComputedTiming().endTime === Infinity));

// In light and in dark: no violation that axe knows, nothing that must be scrolled sideways, a picture for a person.
export async function look(page, name) {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    await settled(page);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    for (const v of violations) {
      faults.push(`axe ${name} ${scheme}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.target).join(' ')}`);
    }
    await page.screenshot({ path: `shots/${name}-${scheme}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) faults.push(`${name}: ${wide} px too wide`);
}
