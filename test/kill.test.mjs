// kill -9 at random moments, with lost, late and repeated webhooks and answers that never come:
// nothing is lost, nothing is sent twice, and every doubt is settled or shown.
//
//   KILLS=200 KILL_ROWS=10000 node --test test/kill.test.mjs
import assert from 'node:assert/strict';
import test from 'node:test';
import { runThroughKills } from './lib/chaos.mjs';
import { assertLedger } from './lib/drip.mjs';
import { run } from './lib/process.mjs';

const KILLS = Number(process.env.KILLS ?? 25);
const ROWS = Number(process.env.KILL_ROWS ?? 2_000);
const SEED = Number(process.env.KILL_SEED ?? 21);

test(`${ROWS} rows through ${KILLS} kills`, async (t) => {
  const { found, open, server, killed, expected } = await runThroughKills(t, { seed: SEED, rows: ROWS, kills: KILLS });
  assert.equal(killed, KILLS);
  assertLedger(found);
  t.diagnostic(`${expected.size} messages, ${open.size} shown as unknown after ${killed} kills`);
  // Doubt stays small: what was in flight at a kill, and requests whose answer and webhooks were lost.
  assert.ok(open.size <= KILLS * 64 + expected.size / 20, `${open.size} doubts`);
  await server.stop();
  const verified = await run(['verify', '--data', server.data]);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});
