// Kills the server again and again while a drip runs, and then asks the ledger what people got.
import assert from 'node:assert/strict';
import { compareLedger, expectedMessages, makeSequence, START, startPair } from './drip.mjs';
import { makePeople, toCsv } from './people.mjs';
import { BINARY, until } from './process.mjs';
import { Random } from './random.mjs';

export const ROUGH = {
  lost_webhook_per_mille: 50, late_webhook_per_mille: 100, late_ms: 400, webhook_delay_ms: [1, 60], repeated_webhook_per_mille: 200, reordered_webhook_per_mille: 200,
  reset_after_per_mille: 10, hang_per_mille: 2, hang_ms: 300,
};

const TEMPLATE_OF_DAY = { 1: 'welcome', 3: 'reminder', 7: 'farewell' };

/** All messages in these statuses: Map "phone template" → status. */
export async function messagesInStatus(server, statuses) {
  const found = new Map();
  let cursor = '';
  for (let page = 0; page < 1000; page++) {
    const answer = await server.api('GET', `/api/queue?status=${statuses}&limit=500${cursor}`);
    assert.equal(answer.status, 200, answer.text);
    for (const message of answer.body.data) found.set(`${message.phone} ${TEMPLATE_OF_DAY[message.day]}`, message.status);
    if (answer.body.next_cursor === null) return found;
    cursor = `&cursor=${encodeURIComponent(answer.body.next_cursor)}`;
  }
  throw new Error('the list has no end');
}

/** Moves the clock in the background; a kill in between is no error. */
async function tryAdvance(server, to) {
  try {
    await server.api('POST', '/api/sandbox/clock', { to });
  } catch (error) {
    if (!server.daemon.exited && !/fetch failed|terminated|socket|ECONN|other side/i.test(String(error.cause ?? error))) throw error;
  }
}

/**
 * Runs a whole drip through `kills` kills.
 *   returns {found, unknown, server, simulator, kills}: found as compareLedger() says it
 */
export async function runThroughKills(t, { seed, rows, kills, faults = ROUGH, env, binary, pauseMs = [20, 500] }) {
  const random = new Random(seed);
  const { server, simulator, channel } = await startPair(t, { seed, faults, env, binary: binary ?? BINARY, channel: { messages_per_second: 200 } });
  await server.api('POST', '/api/sandbox/clock', { to: START });
  const sequence = await makeSequence(server, channel);
  const made = makePeople({ seed, count: rows });
  for (const phone of made.optOuts) await server.api('POST', '/api/opt-outs', { phone });
  const enrolled = new Map(made.people);
  const csv = toCsv(made.rows.filter((row) => row.verdict !== 'already_active'));
  const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk?country=IN`, csv, { 'content-type': 'text/csv' });
  assert.ok([200, 202].includes(answer.status), answer.text.slice(0, 600));
  const batchId = answer.body.batch_id ?? answer.body.id;

  const end = Date.parse(START) + 9 * 86400e3;
  let killed = 0;
  for (let n = 0; n < kills; n++) {
    // A slice of the nine days per kill, so that kills fall into sending as well as into silence.
    const to = new Date(Date.parse(START) + Math.ceil(((n + 1) / kills) * 7.5 * 86400e3)).toISOString();
    const journey = tryAdvance(server, to);
    await new Promise((resolve) => setTimeout(resolve, pauseMs[0] + random.below(pauseMs[1] - pauseMs[0])));
    await server.kill();
    await journey;
    killed++;
    await server.start();
  }
  await until(async () => (await server.api('GET', `/api/batches/${batchId}`)).body.status === 'completed', 'the import survives', 120_000);
  const last = await server.api('POST', '/api/sandbox/clock', { to: new Date(end).toISOString() });
  assert.equal(last.status, 200, last.text);
  const stuck = await messagesInStatus(server, 'pending,sending');
  assert.deepEqual([...stuck].slice(0, 3), [], 'nothing waits after nine days');
  const open = await messagesInStatus(server, 'unknown,in_doubt,held');
  const failed = await messagesInStatus(server, 'failed,skipped,cancelled');
  const expected = expectedMessages(enrolled, Date.parse(START));
  const entries = simulator.entries();
  const found = compareLedger(entries, expected, { lateMs: 3 * 3600e3, mayBeMissing: new Set(open.keys()) });
  const accepted = new Set(entries.filter((entry) => entry.accepted).map((entry) => `${entry.phone} ${entry.text.split('|')[0]}`));
  found.falseFailed = [...failed.keys()].filter((key) => accepted.has(key));
  return { found, open, server, simulator, sequence, killed, expected };
}
