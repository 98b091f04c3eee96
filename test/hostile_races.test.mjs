// Many connections that want the same thing at the same moment, and others that want its opposite:
// every call gets an answer that makes sense, nothing happens twice, and the books are right after.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startPair } from './lib/drip.mjs';
import { run, until } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const CSV_TYPE = { 'content-type': 'text/csv' };
const together = (count, call) => Promise.all(Array.from({ length: count }, (_, index) => call(index)));
const statuses = (answers) => answers.map((answer) => answer.status).sort().join(' ');
const LIMITS = ['--rate-limit', '0'];

async function makeSequence(server, more = {}) {
  const made = await server.api('POST', '/api/sequences?force=true', { name: 'Race', status: 'active', messages: [{ day: 1, message: 'Hello {name}' }, { day: 3, message: 'Again' }], ...more });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

/** No call failed inside, the process ends in order, and every number can be counted again. */
async function assertSound(server, answers) {
  for (const answer of answers) assert.ok(answer.status < 500, `${answer.status}: ${answer.text.slice(0, 300)}`);
  assert.equal((await server.stop()).code, 0, server.daemon.log.slice(-2000)); // a webhook may still come meanwhile
  assert.doesNotMatch(server.daemon.log, /http\.failed|runtime error|Sanitizer|check failed/);
  const verified = await run(['verify', '--data', server.data, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
}

test('the same call from forty connections happens once', async (t) => {
  const server = await startServer(t, { args: LIMITS });
  const id = await makeSequence(server);
  const all = [];
  const enrolls = await together(40, () => server.api('POST', `/api/sequences/${id}/enroll`, { phone: '919876500400', name: 'Asha' }));
  assert.equal(enrolls.filter((answer) => answer.body.verdict === 'enrolled').length, 1, statuses(enrolls));
  assert.equal((await server.api('GET', `/api/sequences/${id}/enrollments`)).body.data.length, 1);
  const stops = await together(40, () => server.api('POST', '/api/opt-outs', { phone: '919876500401' }));
  assert.equal((await server.api('GET', '/api/opt-outs')).body.data.length, 1, statuses(stops));
  const file = `phone\n${Array.from({ length: 300 }, (_, n) => 919876501000 + n).join('\n')}\n`;
  const uploads = await together(8, () => server.api('POST', `/api/sequences/${id}/enroll/bulk`, file, CSV_TYPE));
  const batches = uploads.map((answer) => answer.body.batch_id ?? answer.body.id);
  await until(async () => (await together(8, (n) => server.api('GET', `/api/batches/${batches[n]}`))).every((answer) => answer.body.status === 'completed'), 'all uploads end');
  assert.equal((await server.api('GET', `/api/sequences/${id}`)).body.enrolled_count, 301, 'eight uploads of the same people enroll each once');
  const undos = [];
  for (const batch of batches) undos.push(...await together(6, () => server.api('POST', `/api/batches/${batch}/undo`)));
  await until(async () => (await server.api('GET', `/api/sequences/${id}/enrollments?status=active&limit=500`)).body.data.length <= 1, 'the uploads are undone');
  const keys = await together(20, () => server.api('POST', '/api/keys', { name: 'once', scopes: ['read'] }, { 'idempotency-key': 'one-key' }));
  assert.ok(keys.every((answer) => [201, 409].includes(answer.status)), 'made, or said to be on its way');
  assert.equal((await server.api('GET', '/api/keys')).body.data.filter((key) => key.name === 'once').length, 1, statuses(keys));
  const victim = (await server.api('POST', '/api/keys', { name: 'gone', scopes: ['read'] })).body.id;
  const deletes = await together(20, () => server.api('DELETE', `/api/keys/${victim}`));
  assert.ok(deletes.every((answer) => [204, 404].includes(answer.status)), statuses(deletes));
  all.push(...enrolls, ...stops, ...uploads, ...undos, ...keys, ...deletes);
  await assertSound(server, all);
});

test('pauses, resumes, edits and erasures in a storm, while messages leave', { timeout: 600_000 }, async (t) => {
  const { server, simulator, channel } = await startPair(t, { clock: 'system', args: LIMITS, faults: { webhook_delay_ms: 5, server_error_per_mille: 50, reset_after_per_mille: 50, repeated_webhook_per_mille: 200, reply_per_mille: 100 }, channel: { doubt_policy: 'resend' } });
  const templates = (name) => [{ day: 1, type: 'template', template: { name, language: 'en', body: ['{name}'] } }, { day: 2, type: 'template', template: { name: `${name}_two`, language: 'en' } }];
  const id = await makeSequence(server, { channel_id: channel.id, messages: templates('race') });
  const phones = Array.from({ length: 150 }, (_, n) => String(919876502000 + n));
  const answers = [];
  const call = async (...args) => answers.push(await server.api(...args));
  const put = (status) => (n) => call('PUT', `/api/enrollments/enroll_${String(n + 1).padStart(3, '0')}`, { status });
  const storms = [
    () => together(30, (n) => call('POST', `/api/sequences/${id}/enroll`, { phone: phones[(n * 7) % 150], name: 'Asha' })),
    () => call('POST', `/api/sequences/${id}/enroll/bulk`, `phone,name\n${phones.map((phone) => `${phone},Ravi`).join('\n')}\n`, CSV_TYPE),
    () => together(10, put('paused')), () => together(10, put('active')), () => together(4, put('stopped')),
    () => together(6, (n) => call('POST', `/api/sequences/${id}/${n % 2 ? 'pause' : 'resume'}`)),
    () => together(3, (n) => call('POST', '/api/enrollments/bulk-action', { action: n % 2 ? 'pause' : 'resume', filter: { sequence_id: id } })),
    () => together(3, (n) => call('PUT', `/api/sequences/${id}?force=true`, { name: `Race ${n}`, messages: templates(`race_${n}`) })),
    () => together(8, (n) => call('DELETE', `/api/contacts/${phones[n * 11]}`)),
    () => together(5, (n) => call('POST', '/api/opt-outs', { phone: phones[n * 13] })),
    () => together(5, (n) => call('DELETE', `/api/opt-outs?phone=${phones[n * 13]}`)),
    () => together(5, (n) => call('PUT', `/api/contacts/${phones[n * 17]}`, { name: `\u202eevil ${n}\u2066`, custom_fields: { 'a\u200bb': '\u{1F468}\u200d\u{1F469}' } })),
    () => together(4, () => call('POST', '/api/messages/bulk-retry', { filter: {} })),
    () => together(4, (n) => call('PUT', `/api/channels/${channel.id}`, { messages_per_second: 100 + n })),
    () => call('POST', `/api/sequences/${id}/clone`), () => call('GET', `/api/sequences/${id}/enrollments?format=csv`), () => call('GET', '/api/queue?format=csv'),
  ];
  for (let round = 0; round < 3; round++) await Promise.all(storms.map((storm) => storm()));
  await call('POST', `/api/sequences/${id}/resume`);
  await call('POST', '/api/enrollments/bulk-action', { action: 'resume', filter: { sequence_id: id } });
  const left = () => simulator.entries().filter((entry) => entry.accepted).length;
  await until(async () => {
    const queue = (await server.api('GET', '/api/queue/stats')).body;
    return left() > 0 && queue.sending === 0;
  }, 'messages left, and none is on its way');
  t.diagnostic(`${answers.length} calls, ${left()} messages`);
  await assertSound(server, answers);
});

test('a sequence that is removed under an upload, and an upload that is cancelled again and again', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { args: LIMITS });
  const answers = [];
  for (const end of ['delete', 'archive', 'cancel', 'undo']) {
    const id = await makeSequence(server);
    const file = `phone,name\n${Array.from({ length: 15_000 }, (_, n) => `${919810000000 + n},P${n}`).join('\n')}\n`;
    const upload = await server.api('POST', `/api/sequences/${id}/enroll/bulk`, file, CSV_TYPE);
    assert.equal(upload.status, 202, upload.text);
    const batch = upload.body.batch_id ?? upload.body.id;
    const path = { delete: ['DELETE', `/api/sequences/${id}`], archive: ['POST', `/api/sequences/${id}/archive`], cancel: ['POST', `/api/batches/${batch}/cancel`], undo: ['POST', `/api/batches/${batch}/undo`] }[end];
    answers.push(...await together(6, () => server.api(...path)));
    await until(async () => ['completed', 'failed', 'cancelled', 'undone'].includes((await server.api('GET', `/api/batches/${batch}`)).body.status), `the upload ends (${end})`);
    answers.push(...await together(6, () => server.api(...path)));
    const sequence = await server.api('GET', `/api/sequences/${id}`);
    if (sequence.status === 200) {
      const { enrolled_count: enrolled, active_count: active, paused_count: paused, completed_count: completed, stopped_count: stopped, opted_out_count: out, failed_count: failed } = sequence.body;
      assert.equal(enrolled, active + paused + completed + stopped + out + failed, `${end}: everybody is counted once`);
    }
  }
  await assertSound(server, answers);
});

test('calls that come while the server stops are refused in order, and are no failure', { timeout: 600_000 }, async (t) => {
  for (let round = 0; round < 5; round++) {
    const server = await startServer(t, { args: LIMITS });
    const answers = [];
    let coming = true;
    const callers = together(40, async () => {
      // Until the connection is refused or broken off: then the server is gone.
      while (coming) answers.push(await fetch(`${server.base}/api/sequences`, { headers: { authorization: `Bearer ${server.key}` } }).then((answer) => answer.text().then(() => answer)));
    });
    const gone = callers.catch(() => {});
    await until(() => answers.length > 200, 'calls are answered');
    const ended = await server.stop();
    coming = false;
    await gone;
    assert.equal(ended.code, 0, server.daemon.log.slice(-2000));
    assert.doesNotMatch(server.daemon.log, /http\.failed/);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
    }
    t.diagnostic(`${answers.length} calls, ${answers.filter(({ status }) => status === 503).length} came too late`);
  }
});
