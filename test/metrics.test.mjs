// GET /metrics from outside: who may read it, its format, and that the numbers are those of what
// was done.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { join } from 'node:path';
import { makeSequence, startPair, upload } from './lib/drip.mjs';
import { eventually, until } from './lib/process.mjs';

const NAME = /^[a-z_][a-z0-9_]*$/;
const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{([^}]*)\})? (-?[0-9.e+]+|NaN)$/;
const LABEL = /([a-z_]+)="([^"\\]*)"(?:,|$)/y;

/** {families: Map name → type, samples: [{name, labels, value}]}; throws at what Prometheus refuses. */
function parseMetrics(text) {
  const families = new Map();
  const samples = [];
  assert.ok(text.endsWith('\n'));
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) {
      assert.ok(!families.has(type[1]), `${type[1]} comes once`);
      assert.match(type[1], NAME);
      families.set(type[1], type[2]);
    }
    if (line.startsWith('#')) continue;
    const found = SAMPLE.exec(line);
    assert.ok(found, `no sample: ${line}`);
    const labels = {};
    LABEL.lastIndex = 0;
    while (LABEL.lastIndex < (found[2] ?? '').length) {
      const label = LABEL.exec(found[2]);
      assert.ok(label, `no labels: ${line}`);
      labels[label[1]] = label[2];
    }
    const family = families.has(found[1]) ? found[1] : found[1].replace(/_(bucket|sum|count)$/, '');
    assert.ok(families.has(family), `${found[1]} has a TYPE before it`);
    if (families.get(family) === 'counter') assert.match(family, /_total$/, 'counters end in _total');
    samples.push({ name: found[1], labels, value: Number(found[3]) });
  }
  const keys = samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`);
  assert.equal(new Set(keys).size, keys.length, 'every sample once');
  return { families, samples };
}

async function scrape(server) {
  const answer = await server.api('GET', '/metrics');
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const metrics = parseMetrics(answer.text);
  metrics.get = (name, labels = {}) => metrics.samples
    .filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, sample) => sum + sample.value, 0);
  return metrics;
}

test('numbers follow what happens', async (t) => {
  const { server, channel } = await startPair(t, { faults: { webhook_delay_ms: 5, rules: [{ fault: 'error', code: 131026, count: 3 }] } });
  const sequence = await makeSequence(server, channel);
  const phones = Array.from({ length: 20 }, (_, i) => `4915112345${String(600 + i)}`);
  await upload(server, sequence, `phone\n${phones.join('\n')}\n`);
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.pending === 0, 'all are sent');
  const metrics = await until(async () => {
    const found = await scrape(server);
    const heard = found.get('dripline_provider_webhooks_total', { verdict: 'accepted' }) > 0; // they come when the messages have left
    return found.get('dripline_send_attempts_total') === 20 && found.get('dripline_queue_messages') === 0 && heard && found;
  }, 'the counters');
  assert.equal(metrics.get('dripline_send_attempts_total', { result: 'accepted', code: '0' }), 17);
  assert.equal(metrics.get('dripline_send_attempts_total', { result: 'rejected', code: '131026' }), 3);
  assert.equal(metrics.get('dripline_provider_request_duration_seconds_count'), 20);
  assert.equal(metrics.get('dripline_provider_request_duration_seconds_bucket', { le: '+Inf' }), 20);
  assert.ok(metrics.get('dripline_writer_commits_total') > 0);
  assert.ok(metrics.get('dripline_writer_jobs_total') >= metrics.get('dripline_writer_commits_total') / 2);
  assert.ok(metrics.get('dripline_database_size_bytes') > 4096);
  assert.equal(metrics.get('dripline_queue_oldest_due_age_seconds'), 0);
  assert.equal(metrics.get('dripline_build_info'), 1);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_virtual_memory_bytes', 'process_open_fds', 'process_max_fds', 'process_threads', 'process_start_time_seconds']) {
    assert.ok(metrics.get(name) > 0, name);
  }
  assert.ok(metrics.get('process_resident_memory_bytes') > 4e6 && metrics.get('process_resident_memory_bytes') < 1e9);
  assert.ok(metrics.get('process_threads') >= 5 && metrics.get('process_threads') < 100);
  for (const type of ['histogram']) {
    for (const [name, kind] of metrics.families) {
      if (kind !== type) continue;
      const buckets = metrics.samples.filter((sample) => sample.name === `${name}_bucket`);
      for (let i = 1; i < buckets.length; i++) {
        if (buckets[i].labels.le !== '0.001') assert.ok(buckets[i].value >= buckets[i - 1].value, `${name} rises`);
      }
    }
  }
});

test('requests are counted by route, never by what was typed', async (t) => {
  const { server } = await startPair(t);
  for (const path of ['/api/sequences/seq_424242', '/api/contacts/4915112345678', '/api/nothing-4915112345678', '/healthz']) {
    await fetch(server.base + path, { headers: { authorization: `Bearer ${server.key}` } });
  }
  const stream = new AbortController();
  for (const seen of ['-1', 'evt_001', '1e3', '99999999999999999999']) { // ids of others, or none at all
    const refused = await server.api('GET', '/api/events', undefined, { accept: 'text/event-stream', 'last-event-id': seen });
    assert.equal(refused.status, 422, seen);
  }
  const listening = await fetch(`${server.base}/api/events`, { headers: { authorization: `Bearer ${server.key}`, accept: 'text/event-stream' }, signal: stream.signal });
  assert.equal(listening.status, 200);
  // A request is counted when its answer has left, which may be a moment after it came here.
  const metrics = await eventually(async () => {
    const found = await scrape(server);
    assert.equal(found.get('dripline_event_streams'), 1);
    assert.equal(found.get('dripline_http_requests_total', { route: '/api/sequences/:id', method: 'GET', status: '4xx' }), 1);
    assert.equal(found.get('dripline_http_requests_total', { route: '/api/contacts/:phone', status: '4xx' }), 1);
    assert.equal(found.get('dripline_http_request_duration_seconds_count', { route: '/healthz' }), 1);
    return found;
  });
  stream.abort();
  assert.doesNotMatch(JSON.stringify(metrics.samples), /424242|4915112345678/);
});

test('metrics are for this machine, or for a key that may read', async (t) => {
  const { server } = await startPair(t, { args: ['--trusted-proxies', '127.0.0.1'] });
  const ask = (headers = {}) => fetch(`${server.base}/metrics`, { headers });
  assert.equal((await ask()).status, 200);
  const elsewhere = { 'x-forwarded-for': '203.0.113.7' };
  assert.equal((await ask(elsewhere)).status, 401);
  assert.equal((await ask({ forwarded: 'for=203.0.113.7' })).status, 401);
  const key = async (scope) => (await server.api('POST', '/api/keys', { name: scope, scopes: [scope] })).body.secret;
  assert.equal((await ask({ ...elsewhere, authorization: `Bearer ${await key('read')}` })).status, 200);
  assert.equal((await ask({ ...elsewhere, authorization: `Bearer ${await key('enroll')}` })).status, 403);
  assert.equal((await ask({ ...elsewhere, authorization: 'Bearer sk_wrong' })).status, 401);
  const status = await new Promise((resolve, reject) => {
    request({ socketPath: join(server.data, 'dripline.sock'), path: '/metrics', headers: { host: 'localhost' } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', reject).end();
  });
  assert.equal(status, 200);
});
