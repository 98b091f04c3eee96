// Three wrong send machines, built into a program of their own: the tests must notice each of them.
// A test that passes on a wrong machine would be too weak to say anything about the right one.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { runThroughKills } from './lib/chaos.mjs';

const binary = process.env.DRIPLINE_MUTANT_BINARY ?? new URL('../build-mutants/dripline', import.meta.url).pathname;

const MUTANTS = {
  no_intent: { kills: 20, faults: { slow_per_mille: 1000, slow_ms: 150 } }, // slow, so that a kill finds some in flight
  timeout_is_failure: { kills: 0, faults: { reset_after_per_mille: 60, lost_webhook_per_mille: 1000 } }, // no webhook settles the doubt first
  client_retries: { kills: 0, faults: { reset_after_per_mille: 60 } },
};

for (const [mutant, { kills, faults }] of Object.entries(MUTANTS)) {
  test(`the mutant "${mutant}" is caught`, { skip: existsSync(binary) ? false : 'built with -Dtest_hooks=true only' }, async (t) => {
    const { found } = await runThroughKills(t, { seed: 5, rows: 400, kills, faults, binary, env: { DRIPLINE_MUTANT: mutant } });
    const bad = found.duplicates.length + found.falseFailed.length;
    t.diagnostic(`${found.duplicates.length} duplicates, ${found.falseFailed.length} false failures`);
    assert.ok(bad > 0, 'this wrong machine went unnoticed');
  });
}
