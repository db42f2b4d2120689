// One check after another; what fails is told at the end.
import assert from 'node:assert/strict';
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

// What is shown, what is true, and when: read again until nothing changed meanwhile.
export async function together(shown, truth) {
  for (;;) {
    const before = await truth();
    const began = Date.now();
    const seen = await shown();
    const ended = Date.now();
    if (await truth() === before) return [seen, before, began, ended];
  }
}

// The same is shown as is true; a change on its way is waited for.
export async function agree(shown, truth) {
  let pair;
  for (let n = 0; n < 5; n += 1) {
    pair = await together(shown, truth);
    if (pair[0] === pair[1]) return pair[0];
  }
  return assert.equal(pair[0], pair[1]);
}

// A countdown says, rounded up, what was left at some moment between the two.
export function isLeft(seconds, end, began, ended) {
  const at = Date.parse(end);
  const [least, most] = [(at - ended) / 1000 - 0.5, (at - began) / 1000 + 1.5];
  assert.ok(least <= seconds && seconds <= most, `${seconds} s shown, ${least.toFixed(1)} to ${most.toFixed(1)} s are true`);
}

export function figure(name, value) {
  tally.figures.push(`${name}: ${value}`);
}
