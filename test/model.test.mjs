// Random lives of sequences and people against a model of their own (lib/world.mjs, lib/model.mjs):
// whatever is done in whatever order, everybody gets each message at most once, at the right local
// time, in the right words, nobody is forgotten, and what the server tells before is what happens.
//
//   MODEL_SEEDS=1-2000 node --test test/model.test.mjs     (MODEL_TALK=1 tells every step)
import assert from 'node:assert/strict';
import test from 'node:test';
import { runWorld } from './lib/world.mjs';

const [FIRST, LAST] = (process.env.MODEL_SEEDS ?? '1-7').split('-').map(Number);
const STEPS = Number(process.env.MODEL_STEPS ?? 40);

test(`lives ${FIRST} to ${LAST ?? FIRST}`, { timeout: 24 * 3600_000 }, async (t) => {
  const failures = [];
  for (let seed = FIRST; seed <= (LAST ?? FIRST); seed++) {
    await t.test(`seed ${seed}`, async (inner) => {
      await runWorld(inner, seed, { steps: STEPS });
    }).catch((error) => failures.push(error));
  }
  assert.deepEqual(failures, []);
});
