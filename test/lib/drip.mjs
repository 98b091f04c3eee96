// The Day 1/3/7 drip that several tests run, and the tests' own idea of what must have been sent.
import assert from 'node:assert/strict';
import { dayAt } from './local_time.mjs';
import { freePort, until } from './process.mjs';
import { startServer, startSimulator } from './server.mjs';

// The manual clock only goes forward, and ten years at most. From March on these years have the same calendar,
// and in all of them Europe changes its clocks in the night after START, a Saturday.
export const YEAR = [2027, 2032, 2038].find((year) => Date.now() < Date.parse(`${year}-02-01T00:00:00Z`));
export const START = `${YEAR}-03-27T08:00:00Z`;
export const SEQUENCE_ZONE = 'America/New_York';
const STEPS = [
  { day: 1, time: null, template: 'welcome' },
  { day: 3, time: '09:30', template: 'reminder' },
  { day: 7, time: '18:15', template: 'farewell' },
];

export async function makeChannel(server, simulator, more = {}) {
  const answer = await server.api('POST', '/api/channels', {
    name: 'Test number', provider: 'cloud', phone_number_id: '1000000001', waba_id: '2000000001', access_token: 'test-access-token',
    app_secret: simulator.appSecret, verify_token: 'test-verify-token', base_url: simulator.base, messages_per_second: 1000, ...more,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

/**
 * A server, the fake WhatsApp in a process of its own, and a channel between them:
 * {server, simulator, channel}. Options: seed, faults, clock, channel{}, and those of startServer().
 */
export async function startPair(t, { seed = 1, faults, clock = 'manual', channel: more = {}, ...options } = {}) {
  const server = await startServer(t, { clock, ...options });
  const port = await freePort();
  const appSecret = 'test-app-secret';
  const channel = await makeChannel(server, { base: `http://127.0.0.1:${port}`, appSecret }, more);
  const simulator = await startSimulator(t, {
    port, appSecret, seed, faults, clock: clock === 'manual' ? 'follow' : 'system', webhookUrl: `${server.base}/webhooks/whatsapp/${channel.id}`,
  });
  return { server, simulator, channel };
}

export async function makeSequence(server, channel) {
  const answer = await server.api('POST', '/api/sequences?force=true', {
    name: 'Welcome', status: 'active', channel_id: channel.id, timezone: SEQUENCE_ZONE,
    messages: STEPS.map(({ day, time, template }) => ({
      day, time, type: 'template', template: { name: template, language: 'en', body: ['{name}', '{city|your city}', `day {day}`] },
    })),
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

/** Uploads a file and waits for the batch to end. */
export async function upload(server, sequence, csv, query = '') {
  const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk${query}`, csv, { 'content-type': 'text/csv' });
  assert.ok([200, 202].includes(answer.status), answer.text.slice(0, 600));
  const id = answer.body.batch_id ?? answer.body.id;
  return until(async () => {
    const batch = (await server.api('GET', `/api/batches/${id}`)).body;
    return ['completed', 'failed', 'cancelled'].includes(batch.status) && batch;
  }, 'the batch ends', 120_000);
}

const oneLine = (text) => text.trim().replace(/\s+/g, ' ');

/**
 * What the ledger must hold: Map of "phone template" → {text, dueMs}.
 *   people   Map from people.mjs, enrolledMs the clock at their enrollment
 */
export function expectedMessages(people, enrolledMs) {
  const expected = new Map();
  for (const person of people.values()) {
    const zone = person.zone ?? SEQUENCE_ZONE;
    for (const { day, time, template } of STEPS) {
      if (day <= person.currentDay) continue;
      const name = oneLine(person.name) || 'there';
      const city = oneLine(person.city) || 'your city';
      expected.set(`${person.phone} ${template}`, {
        text: `${template}|${name}|${city}|day ${day}`,
        dueMs: time === null ? enrolledMs : dayAt(zone, enrolledMs, day, time),
      });
    }
  }
  return expected;
}

/**
 * Holds the fake WhatsApp's own ledger against what was expected.
 * Returns {lost, duplicates, phantoms, wrongTexts, wrongTimes}: lists of words, all empty when right.
 *   mayBeMissing  keys that Dripline shows as unknown: 0 or 1 acceptances are right for these
 */
export function compareLedger(entries, expected, { lateMs = 10 * 60_000, mayBeMissing = new Set() } = {}) {
  const found = { lost: [], duplicates: [], phantoms: [], wrongTexts: [], wrongTimes: [] };
  const accepted = new Map();
  for (const entry of entries.filter((entry) => entry.accepted)) {
    const key = `${entry.phone} ${entry.text.split('|')[0]}`;
    accepted.set(key, [...(accepted.get(key) ?? []), entry]);
    const wanted = expected.get(key);
    if (!wanted) {
      found.phantoms.push(`${key}: ${entry.text}`);
      continue;
    }
    if (entry.text !== wanted.text) found.wrongTexts.push(`${key}: "${entry.text}", not "${wanted.text}"`);
    if (entry.at_ms < wanted.dueMs || entry.at_ms > wanted.dueMs + lateMs) {
      found.wrongTimes.push(`${key}: ${new Date(entry.at_ms).toISOString()}, not ${new Date(wanted.dueMs).toISOString()}`);
    }
  }
  for (const [key, list] of accepted) if (list.length > 1) found.duplicates.push(`${key}: ${list.length} times`);
  for (const key of expected.keys()) if (!accepted.has(key) && !mayBeMissing.has(key)) found.lost.push(key);
  return found;
}

export function assertLedger(found) {
  const words = Object.entries(found).filter(([, list]) => list.length > 0).map(([name, list]) => `${name}: ${list.length}, such as ${list.slice(0, 3).join('; ')}`);
  assert.deepEqual(words, []);
}
