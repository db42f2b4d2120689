// One check after another; what fails is told at the end.
import { faults } from './browser.mjs';

export const tally = { passed: 0, figures: [] };

export async function check(name, run) {
  const began = performance.now();
  try {
    await run();
    tally.passed += 1;
    console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
  } catch (error) {
    faults.push(`${name}: ${error.message.split('\n').slice(0, 8).join(' ')}`);
    console.log(`FAIL ${name}: ${error.message}`);
  }
}

export function figure(name, value) {
  tally.figures.push(`${name}: ${value}`);
}
