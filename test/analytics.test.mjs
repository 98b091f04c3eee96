// Numbers: what is counted when, in whose zone, and that steps, cohorts, series and tables agree with
// one another and with what the fake WhatsApp saw.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { startPair, upload, YEAR } from './lib/drip.mjs';
import { until } from './lib/process.mjs';
import { Random } from './lib/random.mjs';
import { advance } from './lib/server.mjs';

const OUTCOMES = ['waiting', 'queued', 'sent', 'failed', 'skipped', 'cancelled', 'unknown'];
const MARKS = ['delivered', 'read', 'replied', 'opted_out'];
const sum = (list, of = (value) => value) => list.reduce((total, value) => total + of(value), 0);

const template = (name, ...body) => ({ type: 'template', template: { name, language: 'en', body } });
const person = (index) => `9198765${String(10000 + index)}`;

/** A pair on the manual clock, at `at`, with helpers. */
async function begin(t, at, options = {}) {
  const pair = await startPair(t, { faults: { webhook_delay_ms: 1000, read_per_mille: 0 }, ...options });
  const { server, simulator, channel } = pair;
  const good = async (method, path, body, headers) => {
    const answer = await server.api(method, path, body, headers);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
    return answer.body;
  };
  const control = async (path, body, method = 'POST') => {
    const answer = await fetch(`${simulator.base}/control/${path}`, { method, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  };
  const make = (messages, more = {}) => good('POST', '/api/sequences?force=true', { name: 'Course', status: 'active', channel_id: channel.id, timezone: 'UTC', messages, ...more });
  await good('POST', '/api/sandbox/clock', { to: at });
  return { ...pair, good, control, make, enroll: async (id, list) => {
    const answer = await good('POST', `/api/sequences/${id}/enroll/bulk`, { enrollments: list });
    if (answer.id) await until(async () => (await good('GET', `/api/batches/${answer.id}`)).status === 'completed', 'the batch is done');
    return answer;
  } };
}

/** What a person wrote, as the webhook tells it; `at` is the person's own time. */
async function write(pair, phone, text, at) {
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '2000000001', changes: [{ field: 'messages', value: {
      messaging_product: 'whatsapp', metadata: { phone_number_id: '1000000001' }, contacts: [{ wa_id: phone, profile: { name: 'Asha' } }],
      messages: [{ from: phone, id: `wamid.${phone}.${at}`, timestamp: String(Date.parse(at) / 1000), type: 'text', text: { body: text } }],
    } }] }],
  });
  const signature = `sha256=${createHmac('sha256', pair.simulator.appSecret).update(body).digest('hex')}`;
  const answer = await fetch(`${pair.server.base}/webhooks/whatsapp/${pair.channel.id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature } });
  assert.equal(answer.status, 200);
}

const stats = (pair, id) => pair.good('GET', `/api/sequences/${id}/stats`);

test('a reply and an opt-out belong to the step they followed by the person\'s own time', async (t) => {
  const pair = await begin(t, `${YEAR}-05-03T08:00:00Z`);
  const sequence = await pair.make([{ day: 1, ...template('one', '{name}') }, { day: 2, time: '09:00', ...template('two', '{name}') }]);
  await pair.enroll(sequence.id, [0, 1, 2, 3].map((index) => ({ phone: person(index), name: 'Asha' })));
  await advance(pair.server, '10m');
  await pair.control('reply', { phone: person(0), text: 'Thanks', context: false });
  await advance(pair.server, '1m');
  await advance(pair.server, '26h');
  // Written before the second message, heard of after it.
  await write(pair, person(1), 'Hello', `${YEAR}-05-03T08:30:00Z`);
  await write(pair, person(2), 'STOP', `${YEAR}-05-03T08:30:00Z`);
  await pair.control('reply', { phone: person(0), text: 'And again', context: false });
  await pair.control('reply', { phone: person(0), text: 'And once more', context: false });
  await pair.control('reply', { phone: person(3), text: 'STOP', context: false });
  await advance(pair.server, '1m');
  const { steps, totals } = await stats(pair, sequence.id);
  assert.deepEqual(steps.map((step) => [step.funnel.sent, step.funnel.replied, step.funnel.opted_out]), [[4, 2, 1], [4, 1, 1]]);
  assert.deepEqual([totals.replied, totals.opted_out], [3, 2]);
  // Behind each number stands the list of exactly those messages, as a page and as a table.
  for (const answer of ['replied', 'opted_out']) {
    const listed = async (query) => (await pair.good('GET', `/api/queue?sequence_id=${sequence.id}&answer=${answer}${query}`)).data.length;
    assert.equal(await listed(''), totals[answer]);
    for (const step of steps) assert.equal(await listed(`&step_id=${step.step_id}`), step.funnel[answer], `${answer} of ${step.step_id}`);
    assert.equal(await listed(`&from=${YEAR}-05-03T08:30:00Z&to=${YEAR}-05-03T08:30:01Z`), 1, 'by the time of the answer');
    const table = await pair.server.api('GET', `/api/queue?sequence_id=${sequence.id}&answer=${answer}&format=csv`);
    assert.equal(table.text.trim().split('\n').length - 1, totals[answer]);
  }
  assert.equal((await pair.server.api('GET', '/api/queue?answer=read')).status, 422);
  const { points } = await pair.good('GET', `/api/stats/timeseries?sequence_id=${sequence.id}`);
  assert.deepEqual([sum(points, (point) => point.replied), sum(points, (point) => point.opted_out)], [3, 2]);
  // Nobody was written to before this one: the opt-out counts for everything together only.
  await pair.good('POST', '/api/opt-outs', { phone: person(77) });
  const all = (await pair.good('GET', '/api/stats/timeseries')).points;
  assert.equal(sum(all, (point) => point.opted_out), 3);
});

test('days and hours are those of the viewer: half hours, days of 23 and 25 hours, limits', async (t) => {
  const pair = await begin(t, `${YEAR}-03-26T18:15:00Z`); // 23:45 on the 26th in Kolkata, 00:00 on the 27th in Kathmandu
  const sequence = await pair.make([{ day: 1, ...template('one') }]);
  await pair.enroll(sequence.id, [{ phone: person(0) }]);
  await advance(pair.server, '1m');
  await advance(pair.server, '20m'); // 18:36: the 27th in both
  await pair.enroll(sequence.id, [{ phone: person(1) }, { phone: person(2) }]);
  await advance(pair.server, '1m');
  const series = async (query) => (await pair.good('GET', `/api/stats/timeseries?sequence_id=${sequence.id}&${query}`));
  const days = async (zone) => {
    const { points, timezone } = await series(`from=${YEAR}-03-26&to=${YEAR}-03-28&timezone=${zone}`);
    assert.equal(timezone, zone);
    return points.map((point) => [point.at, point.sent]);
  };
  assert.deepEqual(await days('Asia/Kolkata'), [[`${YEAR}-03-25T18:30:00Z`, 1], [`${YEAR}-03-26T18:30:00Z`, 2]]);
  assert.deepEqual(await days('Asia/Kathmandu'), [[`${YEAR}-03-25T18:15:00Z`, 0], [`${YEAR}-03-26T18:15:00Z`, 3]]);
  assert.deepEqual(await days('UTC'), [[`${YEAR}-03-26T00:00:00Z`, 3], [`${YEAR}-03-27T00:00:00Z`, 0]]);
  const hours = await series(`from=${YEAR}-03-26&to=${YEAR}-03-28&timezone=Asia/Kolkata&interval=hour`);
  assert.equal(hours.points.length, 48);
  assert.equal(hours.points[0].at, `${YEAR}-03-25T18:30:00Z`);
  assert.deepEqual(hours.points.filter((point) => point.sent > 0).map((point) => [point.at, point.sent]), [[`${YEAR}-03-26T17:30:00Z`, 1], [`${YEAR}-03-26T18:30:00Z`, 2]]);
  const lengths = async (zone, from, to) => {
    const { points } = await series(`from=${from}&to=${to}&timezone=${zone}`);
    return points.slice(1).map((point, index) => (Date.parse(point.at) - Date.parse(points[index].at)) / 3_600_000);
  };
  assert.deepEqual(await lengths('Europe/Madrid', `${YEAR}-03-27`, `${YEAR}-03-30`), [24, 23]);
  assert.deepEqual(await lengths('Europe/Madrid', '2026-10-24', '2026-10-27'), [24, 25]);
  assert.deepEqual(await lengths('America/Sao_Paulo', '2018-11-03', '2018-11-06'), [24, 23]);
  const by = async (query) => pair.server.api('GET', `/api/stats/timeseries?${query}`);
  for (const [query, words] of [
    [`interval=hour&from=${YEAR}-01-01&to=${YEAR}-03-01`, /31 days at most/],
    [`from=2020-01-01&to=${YEAR}-03-01`, /366 days at most/],
    [`from=${YEAR}-03-02&to=${YEAR}-03-01`, /must lie before/],
    ['timezone=Mars/Olympus', /does not exist/],
  ]) {
    const answer = await by(query);
    assert.equal(answer.status, 422, query);
    assert.match(JSON.stringify(answer.body.errors), words, query);
  }
  // The year that is asked for in one go.
  assert.equal((await by(`from=${YEAR - 1}-03-28&to=${YEAR}-03-28`)).body.points.length, 365);
});

test('cohorts by enrollment day add up to the funnel, in every zone', async (t) => {
  const pair = await begin(t, `${YEAR}-06-01T17:50:00Z`);
  const sequence = await pair.make([{ day: 1, ...template('one') }, { day: 2, time: '20:00', ...template('two') }]);
  let next = 0;
  for (let round = 0; round < 4; round++) {
    await pair.enroll(sequence.id, Array.from({ length: round + 1 }, () => ({ phone: person(next++) })));
    await advance(pair.server, '50m');
  }
  await pair.control('reply', { phone: person(0), text: 'hi' });
  await pair.good('PUT', '/api/enrollments/enroll_010', { status: 'paused' });
  await advance(pair.server, '2d');
  const total = await stats(pair, sequence.id);
  for (const [zone, days] of [['UTC', [10]], ['Asia/Kolkata', [1, 9]], ['Pacific/Auckland', [10]], ['Asia/Kathmandu', [1, 9]], ['Asia/Tokyo', [10]], ['America/New_York', [10]]]) {
    const answer = await pair.good('GET', `/api/sequences/${sequence.id}/cohorts?timezone=${zone}`);
    assert.deepEqual(answer.cohorts.map((cohort) => cohort.enrolled), days, zone);
    for (const [index, step] of total.steps.entries()) {
      for (const outcome of [...OUTCOMES, ...MARKS]) {
        assert.equal(sum(answer.cohorts, (cohort) => cohort.steps[index][outcome]), step.funnel[outcome], `${zone} ${step.step_id} ${outcome}`);
      }
    }
    assert.equal(sum(answer.cohorts, (cohort) => cohort.completed), total.completed_count);
    assert.equal(sum(answer.cohorts, (cohort) => cohort.paused), 1);
  }
  assert.equal(total.totals.replied, 1);
  const long = await pair.server.api('GET', `/api/sequences/${sequence.id}/cohorts?from=${YEAR}-01-01&to=${YEAR}-06-01`);
  assert.equal(long.status, 422);
  assert.match(JSON.stringify(long.body.errors), /92 days/);
  assert.equal((await pair.server.api('GET', '/api/sequences/seq_999/cohorts')).status, 404);
});

test('the forecast says how many messages fall on which day and hour, and what is too much', async (t) => {
  const pair = await begin(t, `${YEAR}-06-01T08:00:00Z`, { channel: { messages_per_second: 1, daily_limit: undefined } });
  const sequence = await pair.make([{ day: 2, time: '09:00', ...template('two') }, { day: 2, time: '18:00', ...template('evening') }, { day: 40, time: '10:00', ...template('late') }]);
  await pair.enroll(sequence.id, Array.from({ length: 30 }, (_, index) => ({ phone: person(index), timezone: index < 10 ? 'Asia/Kolkata' : 'UTC' })));
  const day = await pair.good('GET', '/api/stats/forecast?days=90&timezone=UTC&interval=hour');
  assert.equal(day.points.length, 90);
  assert.equal(day.sampled, false);
  assert.deepEqual([day.people, day.people_played, day.total], [30, 30, 90]);
  assert.deepEqual(day.points.filter((point) => point.count > 0).map((point) => [point.date, point.count, point.people]), [[`${YEAR}-06-02`, 60, 30], [`${YEAR}-07-10`, 30, 30]]);
  assert.deepEqual(day.hours.filter((hour) => hour.count > 0).map((hour) => [hour.at, hour.count]), [
    [`${YEAR}-06-02T03:00:00Z`, 10], [`${YEAR}-06-02T09:00:00Z`, 20], [`${YEAR}-06-02T12:00:00Z`, 10], [`${YEAR}-06-02T18:00:00Z`, 20],
    [`${YEAR}-07-10T04:00:00Z`, 10], [`${YEAR}-07-10T10:00:00Z`, 20],
  ]);
  assert.deepEqual(day.channels.map((channel) => [channel.total, channel.busiest_day_people, channel.busiest_hour_count, channel.messages_per_second]), [[90, 30, 20, 1]]);
  assert.equal(sum(day.hours, (hour) => hour.count), sum(day.points, (point) => point.count));
  const csv = await pair.server.api('GET', '/api/stats/forecast?days=3&timezone=UTC&format=csv');
  assert.ok(csv.text.startsWith(`date,at,count,people,over_tier\r\n${YEAR}-06-01,${YEAR}-06-01T00:00:00Z,0,0,false\r\n${YEAR}-06-02,`), csv.text.slice(0, 200));
  const hourly = await pair.server.api('GET', '/api/stats/forecast?days=1&interval=hour&format=csv&table=hours');
  assert.equal(hourly.text.trimEnd().split('\r\n').length, 25);
});

test('every table is a CSV file, defused, complete, by format or by Accept', async (t) => {
  const pair = await begin(t, `${YEAR}-06-01T08:00:00Z`);
  const evil = ['=HYPERLINK("http://x")', '+1', '-2+3', '@SUM(A1)', '\uFF1D1+1', '\uFF0B1', '\uFF20x', 'Plain, "quoted"'];
  const sequence = await pair.make([{ day: 1, ...template('one', '{name}') }], { name: '=1+1' });
  await pair.enroll(sequence.id, Array.from({ length: 1100 }, (_, index) => ({ phone: person(index), name: evil[index % evil.length] })));
  await pair.good('POST', '/api/opt-outs', { phone: person(5), reason: '=cmd' });
  await advance(pair.server, '1h');
  const tables = [
    ['/api/sequences', 1], [`/api/sequences/${sequence.id}/enrollments`, 1100], ['/api/queue', null], ['/api/contacts', 1100], ['/api/opt-outs', 1],
    ['/api/batches', null], [`/api/sequences/${sequence.id}/stats`, 1], [`/api/sequences/${sequence.id}/stats?table=failures`, null],
    ['/api/stats/timeseries', null], [`/api/sequences/${sequence.id}/cohorts`, 1], ['/api/stats/forecast', 14], ['/api/audit', null], ['/api/alerts', null],
  ];
  for (const [path, rows] of tables) {
    const accept = await pair.server.api('GET', path.includes('table=') ? `${path}&format=csv` : path, undefined, { accept: 'text/csv' });
    assert.equal(accept.status, 200, `${path} ${accept.text.slice(0, 300)}`);
    assert.match(accept.headers.get('content-type'), /^text\/csv/);
    assert.match(accept.headers.get('content-disposition'), /^attachment; filename="[a-z-]+\.csv"$/);
    assert.equal(accept.headers.get('x-content-type-options'), 'nosniff');
    const lines = accept.text.split('\r\n');
    assert.equal(lines.pop(), '', 'ends with a line end');
    if (rows !== null) assert.equal(lines.length - 1, rows, path);
    // No cell begins with what a spreadsheet would run, but a plain number may have a sign.
    const bad = accept.text.split(/\r\n|,/).filter((cell) => /^"?[=@\uFF1D\uFF0B\uFF0D\uFF20\t]|^"?[+-](?![\d.]+"?$)/.test(cell));
    assert.deepEqual(bad, [], path);
    const named = await pair.server.api('GET', `${path}${path.includes('?') ? '&' : '?'}format=csv`);
    if (!path.startsWith('/api/audit')) assert.equal(named.text.split('\r\n')[0], lines[0]); // reading it is audited
    const both = await pair.server.api('GET', path.split('?')[0], undefined, { accept: 'application/json, text/csv' });
    assert.equal(typeof both.body, 'object', `${path}: JSON where both are taken`);
    assert.equal((await pair.server.api('GET', `${path.split('?')[0]}?format=xml`)).status, 422, path);
  }
  const phones = (await pair.server.api('GET', '/api/contacts?format=csv')).text.split('\r\n').slice(1, -1).map((line) => line.split(',')[1]);
  assert.equal(new Set(phones).size, 1100);
  assert.ok(phones.every((phone) => /^91\d{10}$/.test(phone)));
  const filtered = await pair.server.api('GET', '/api/queue?status=cancelled&format=csv&limit=5');
  assert.ok(filtered.text.startsWith('id,enrollment_id,sequence_id,phone,name,'));
});

test('a table longer than its pages has every row once and says what JSON says', async (t) => {
  const pair = await begin(t, `${YEAR}-06-01T08:00:00Z`);
  const sequence = await pair.make([{ day: 2, ...template('one', '{name}') }]);
  const people = 9000; // pages have 4,000
  const lines = Array.from({ length: people }, (_, index) => `${person(index)},Person ${index},"${index % 2 ? 'Pune, "old"' : ''}"`);
  await upload(pair.server, sequence, `phone,name,city\n${lines.join('\n')}\n`);
  const path = `/api/sequences/${sequence.id}/enrollments?sort=enrolled_at`;
  const table = (await pair.server.api('GET', `${path}&format=csv`)).text.split('\r\n').slice(1, -1);
  assert.equal(table.length, people);
  assert.deepEqual(table.map((line) => Number(line.split(',')[0].slice('enroll_'.length))), table.map((_, index) => index + 1));
  const { data } = (await pair.server.api('GET', `${path}&limit=2`)).body;
  const row = ({ id, phone, name, status, enrolled_at: at, next_message_due: due, total_messages: total, timezone, source, custom_fields: fields }) =>
    [id, phone, name, status, '', at, '0', '0', total, '', due, timezone, source, fields.city ? `"${JSON.stringify(fields).replaceAll('"', '""')}"` : JSON.stringify(fields)].join(',');
  assert.deepEqual(table.slice(0, 2), data.map((one) => row({ ...one, timezone: one.timezone ?? '' })));
  // Rows inside rows, each with the fields of the one around.
  const cohorts = await pair.good('GET', `/api/sequences/${sequence.id}/cohorts`);
  const [head, ...days] = (await pair.server.api('GET', `/api/sequences/${sequence.id}/cohorts?format=csv`)).text.split('\r\n').slice(0, -1).map((line) => line.split(','));
  assert.deepEqual(days.map((day) => [day[head.indexOf('date')], day[head.indexOf('enrolled')], day[head.indexOf('waiting')]]), cohorts.cohorts.map((day) => [day.date, String(people), String(people)]));
});

test('failures say what to do, and one action sends them again', async (t) => {
  const pair = await begin(t, `${YEAR}-06-01T08:00:00Z`);
  const sequence = await pair.make([{ day: 1, ...template('one', '{name}') }]);
  await pair.control('rules', [{ fault: 'error', count: -1, code: 132012 }]);
  await pair.enroll(sequence.id, Array.from({ length: 20 }, (_, index) => ({ phone: person(index), name: 'Asha' })));
  await advance(pair.server, '2h');
  const before = await stats(pair, sequence.id);
  assert.equal(before.totals.failed, 20);
  const [failure] = before.failures;
  assert.deepEqual([failure.code, failure.count, failure.retryable], [132012, 20, true], JSON.stringify(before.failures));
  assert.ok(failure.title.length > 5 && failure.advice.length > 10);
  await pair.control('rules', undefined, 'DELETE');
  const retried = await pair.good('POST', '/api/messages/bulk-retry', { filter: { sequence_id: sequence.id, reason: String(failure.code) } });
  if (retried.batch_id) await until(async () => (await pair.good('GET', `/api/batches/${retried.batch_id}`)).status === 'completed', 'the retry is done');
  await advance(pair.server, '1h');
  const after = await stats(pair, sequence.id);
  assert.deepEqual([after.totals.failed, after.totals.sent], [0, 20]);
  assert.deepEqual(after.failures, []);
});

/** All that must hold at any moment, whatever happened before. */
async function assertAgreement(pair, id, enrolled) {
  // Late webhooks may still come in: what is compared must be of one moment.
  const { numbers, cohorts, points } = await until(async () => {
    const before = await stats(pair, id);
    const read = {
      numbers: before,
      cohorts: (await pair.good('GET', `/api/sequences/${id}/cohorts?timezone=Asia/Kolkata`)).cohorts,
      points: (await pair.good('GET', `/api/stats/timeseries?sequence_id=${id}&from=${YEAR}-04-01&timezone=Asia/Kolkata`)).points,
    };
    return JSON.stringify(before) === JSON.stringify(await stats(pair, id)) && read;
  }, 'nothing changes for a moment');
  assert.equal(numbers.enrolled_count, enrolled);
  for (const step of numbers.steps.filter((one) => !one.removed)) {
    assert.equal(sum(OUTCOMES, (outcome) => step.funnel[outcome]), enrolled, `${step.step_id}: ${JSON.stringify(step.funnel)}`);
    assert.equal(step.funnel.total, enrolled);
    for (const mark of ['delivered', 'read']) assert.ok(step.funnel[mark] <= step.funnel.sent);
    assert.equal(sum(step.failed_by_reason, (reason) => reason.count), step.funnel.failed);
    assert.equal(sum(step.skipped_by_reason, (reason) => reason.count), step.funnel.skipped);
    assert.equal(sum(step.cancelled_by_reason, (reason) => reason.count), step.funnel.cancelled);
  }
  assert.equal(sum(cohorts, (cohort) => cohort.enrolled), enrolled);
  for (const [index, step] of numbers.steps.entries()) {
    for (const outcome of [...OUTCOMES, ...MARKS]) {
      assert.equal(sum(cohorts, (cohort) => cohort.steps[index][outcome]), step.funnel[outcome], `cohorts ${step.step_id} ${outcome}`);
    }
  }
  assert.equal(sum(points, (point) => point.enrolled), enrolled);
  assert.equal(sum(points, (point) => point.completed), numbers.completed_count);
  assert.equal(sum(points, (point) => point.replied), numbers.totals.replied);
  assert.equal(sum(points, (point) => point.opted_out), numbers.totals.opted_out);
  for (const outcome of ['sent', 'failed', 'unknown']) {
    assert.ok(sum(points, (point) => point[outcome]) >= numbers.totals[outcome], `the series saw every ${outcome}`);
  }
  const verified = await pair.server.verify();
  assert.equal(verified.code, 0, verified.stdout);
}

for (const seed of [7, 21]) {
  test(`whatever happens, the numbers agree: seed ${seed}`, async (t) => {
    const random = new Random(seed);
    const pair = await begin(t, `${YEAR}-05-01T06:00:00Z`, {
      seed, faults: { webhook_delay_ms: [100, 5000], refuse_per_mille: 60, server_error_per_mille: 30, repeated_webhook_per_mille: 100, reply_per_mille: 120, stop_per_mille: 30, read_per_mille: 400 },
    });
    const step = (index) => ({ day: 1 + index * random.pick([1, 1, 2]), time: random.pick([null, '09:30', '18:15']), ...template(`t${index}`, '{name}') });
    let messages = [0, 1, 2].map(step);
    messages[0].time = null;
    let sequence = await pair.make(messages, { on_reply: random.pick(['continue', 'pause', 'stop']), timezone: 'Asia/Kolkata' });
    let people = 0;
    for (let day = 0; day < 6; day++) {
      const count = 5 + random.below(25);
      const answer = await pair.enroll(sequence.id, Array.from({ length: count }, () => ({ phone: person(people++), name: 'Asha', ...(random.chance(10) ? { start_day: 2 } : {}) })));
      assert.equal(answer.counts?.enrolled ?? count, count);
      await advance(pair.server, `${1 + random.below(9)}h`);
      const some = () => `enroll_${String(1 + random.below(people)).padStart(3, '0')}`;
      for (let act = 0; act < 4; act++) {
        const status = random.pick(['paused', 'active', 'stopped']);
        const answer = await pair.server.api('PUT', `/api/enrollments/${some()}`, { status });
        assert.ok([200, 409, 422].includes(answer.status), answer.text);
      }
      if (random.chance(50)) await pair.good('POST', '/api/opt-outs', { phone: person(random.below(people)) });
      if (random.chance(60)) {
        messages = random.chance(50) ? [...messages, step(messages.length)] : messages.length > 2 ? messages.filter((_, index) => index !== 1) : messages;
        sequence = await pair.good('PUT', `/api/sequences/${sequence.id}?force=true`, { messages });
        messages = sequence.messages;
      }
      if (random.chance(30)) {
        await pair.good('POST', `/api/sequences/${sequence.id}/pause`, {});
        await advance(pair.server, '3h');
        await pair.good('POST', `/api/sequences/${sequence.id}/resume`, {});
      }
      await pair.server.api('POST', '/api/messages/bulk-retry', { filter: { sequence_id: sequence.id } });
      await advance(pair.server, '15h');
      await assertAgreement(pair, sequence.id, people);
    }
  });
}
