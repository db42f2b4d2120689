// Drives the real binary in a real browser. Every wait is for a thing, never for a time.
import { browser, faults } from './lib/browser.mjs';
import { tally } from './lib/checks.mjs';
import nextCode from './checks/next-code.mjs';

const all = ['first-run', 'pairing', 'living', 'away', 'invite', 'sessions', 'cloud', 'everyone', 'hostile', 'figures'];
const wanted = process.argv.slice(3);
const later = wanted.length === 0 || wanted.includes('next-code') ? await nextCode() : async () => {};
for (const name of all.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  console.log(`-- ${name}`);
  try {
    await (await import(`./checks/${name}.mjs`)).default();
  } catch (error) { // between two checks: the other stories are told all the same
    faults.push(`${name}: ${error.message}`);
    console.log(`FAIL ${name}: ${error.stack}`);
  }
}
console.log('-- next-code');
await later();
await browser.close();
for (const line of tally.figures) console.log(`     ${line}`);
for (const fault of new Set(faults)) console.error(`page: ${fault}`);
console.log(`${tally.passed} checks passed, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
