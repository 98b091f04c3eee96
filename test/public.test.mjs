// What people without an account may do: publishable keys, the hosted form, opt-out links. Seen from
// outside: who gets which answer, and that nobody can ask who is in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { client, startServer } from './lib/server.mjs';
import { until } from './lib/process.mjs';

const ORIGIN = 'https://shop.example.org';
const PUBLIC_URL = 'https://drip.example.org';
const ADDRESS = (n) => ({ 'x-forwarded-for': `198.51.100.${n}` });

async function startShop(t, { messages = [{ day: 1, message: 'Hello {name}' }, { day: 3, message: 'Day three' }], args = [] } = {}) {
  const server = await startServer(t, { args: ['--trusted-proxies', '127.0.0.1', ...args] });
  const sequence = await server.api('POST', '/api/sequences?force=true', { name: 'Shop <b>tips</b>', status: 'active', messages });
  assert.equal(sequence.status, 201, sequence.text);
  const made = await server.api('POST', '/api/keys', { name: 'Page', kind: 'publishable', sequence_ids: [sequence.body.id], origins: [ORIGIN, 'http://localhost:3000'] });
  assert.equal(made.status, 201, made.text);
  assert.match(made.body.secret, /^pk_/);
  assert.deepEqual(made.body.sequence_ids, [sequence.body.id]);
  assert.deepEqual(made.body.scopes, []);
  return { server, sequence: sequence.body.id, key: made.body.secret, keyId: made.body.id, pk: client(server.base, made.body.secret) };
}

let visitor = 1;
/** One request of a new visitor, so that the limits of one address do not meet. */
const visit = (pk, path, body, headers = {}) => pk('POST', path, body, { ...ADDRESS((visitor = (visitor % 250) + 1)), ...headers });

const contact = (server, phone) => server.api('GET', `/api/contacts/${phone}`);

test('a page enrolls its visitor, with the consent that was given', async (t) => {
  const { server, sequence, pk, key } = await startShop(t);
  const answer = await visit(pk, '/api/public/enroll', { sequence_id: sequence, phone: '+91 98765 43210', name: 'Asha', custom_fields: { city: 'Pune' }, consent_version: '2026-11', consent_text: 'Yes please' }, { origin: ORIGIN });
  assert.equal(answer.status, 202);
  assert.deepEqual(answer.body, { status: 'received' });
  assert.equal(answer.headers.get('access-control-allow-origin'), ORIGIN);
  assert.equal(answer.headers.get('access-control-allow-credentials'), null);
  assert.match(answer.headers.get('vary'), /Origin/);
  const list = await server.api('GET', `/api/sequences/${sequence}/enrollments`);
  assert.deepEqual(list.body.data.map((row) => [row.phone, row.name, row.source]), [['919876543210', 'Asha', 'api']]);
  const exported = await server.api('GET', '/api/contacts/919876543210/export');
  assert.match(exported.text, /Yes please/);
  assert.match(exported.text, /2026-11/);
  assert.match(exported.text, /198\.51\.100\./);
  // The same as a form without JavaScript would send it.
  const form = await fetch(`${server.base}/api/public/enroll`, { method: 'POST', headers: { origin: ORIGIN, ...ADDRESS(251) }, body: new URLSearchParams({ key, sequence_id: sequence, phone: '919876543211', name: 'Ravi', 'custom_fields[city]': 'Delhi', 'custom_fields[plan]': 'a&b=c', consent_version: '1' }) });
  assert.equal(form.status, 202, await form.text());
  const ravi = await contact(server, '919876543211');
  assert.deepEqual(ravi.body.custom_fields ?? ravi.body.contact?.custom_fields, { city: 'Delhi', plan: 'a&b=c' });
});

test('every number gets the same answer, and nobody changes what is known', async (t) => {
  const { server, sequence, pk } = await startShop(t);
  const one = (phone, name = 'Mallory') => visit(pk, '/api/public/enroll', { sequence_id: sequence, phone, name, custom_fields: { city: 'Elsewhere' }, consent_version: '1' });
  await server.api('POST', `/api/sequences/${sequence}/enroll`, { phone: '919876500001', name: 'In', custom_fields: { city: 'Pune' } });
  await server.api('POST', '/api/opt-outs', { phone: '919876500002' });
  await server.api('PUT', '/api/contacts/919876500002', { name: 'Out' });
  const shape = (answer) => JSON.stringify([answer.status, answer.text, [...answer.headers.keys()].filter((name) => name !== 'date').sort()]);
  const answers = [];
  for (const phone of ['919876500001', '919876500002', '919876500003', '919876500003']) answers.push(await one(phone));
  for (const phone of ['919876500001', '919876500002', '919876500004']) answers.push(await visit(pk, '/api/public/opt-out', { phone }));
  assert.equal(new Set(answers.map(shape)).size, 1, answers.map(shape).join('\n'));
  const known = await contact(server, '919876500001');
  assert.match(known.text, /"In"/);
  assert.doesNotMatch(known.text, /Mallory|Elsewhere/);
  // Known from elsewhere: they are enrolled, and what is known of them stays.
  const other = await server.api('POST', '/api/sequences', { name: 'Other', messages: [{ day: 1, message: 'x' }] });
  await server.api('POST', `/api/sequences/${other.body.id}/enroll`, { phone: '919876500005', name: 'Known', timezone: 'Asia/Dubai', custom_fields: { city: 'Pune' } });
  assert.equal((await one('919876500005')).status, 202);
  const inside = (await server.api('GET', `/api/sequences/${sequence}/enrollments?q=919876500005`)).body.data;
  assert.deepEqual(inside.map((row) => [row.name, row.timezone, row.custom_fields]), [['Known', 'Asia/Dubai', { city: 'Pune' }]]);
  const optOuts = await server.api('GET', '/api/opt-outs');
  assert.deepEqual(optOuts.body.data.map((row) => row.phone).sort(), ['919876500001', '919876500002', '919876500004']);
});

test('only the key’s own pages, sequences and doors', async (t) => {
  const { server, sequence, key, keyId, pk } = await startShop(t);
  const other = await server.api('POST', '/api/sequences', { name: 'Other', messages: [{ day: 1, message: 'x' }] });
  const body = (phone = '919876500010') => ({ sequence_id: sequence, phone, consent_version: '1' });
  const rows = [
    [ORIGIN, 202], ['http://localhost:3000', 202],
    ['null', 403], ['https://shop.example.org.evil.example', 403], ['https://evil-shop.example.org', 403], ['http://shop.example.org', 403],
    ['https://shop.example.org:8443', 403], ['https://shop.example.org:443', 403], ['https://SHOP.example.org', 403], ['https://shop.example.org/', 403],
    ['https://sub.shop.example.org', 403], ['', 403], ['*', 403], ['http://localhost', 403],
  ];
  for (const [origin, status] of rows) {
    const answer = await visit(pk, '/api/public/enroll', body(), { origin });
    // Node drops an empty header on some versions: then it is a call from a server.
    if (origin === '' && answer.status === 202) continue;
    assert.equal(answer.status, status, `${origin}: ${answer.text}`);
    assert.equal(answer.headers.get('access-control-allow-origin'), status === 202 ? origin : null, origin);
    assert.match(answer.headers.get('vary') ?? '', /Origin/);
    const preflight = await fetch(`${server.base}/api/public/enroll`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), status === 202 ? origin : null, origin);
    assert.equal(preflight.headers.get('access-control-allow-credentials'), null);
  }
  assert.equal((await visit(pk, '/api/public/enroll', { ...body(), sequence_id: other.body.id })).status, 403);
  assert.equal((await visit(pk, '/api/public/enroll', { ...body(), start_day: 3 })).status, 422);
  assert.equal((await visit(pk, '/api/public/enroll', { ...body(), key: 1 })).status, 422); // no text, also where another key counts
  assert.equal((await visit(pk, '/api/public/enroll', { sequence_id: sequence, phone: '919876500010' })).status, 422); // no consent
  assert.equal((await visit(pk, '/api/public/enroll', body('12'))).status, 422);
  for (const path of ['/api/sequences', '/api/me', '/api/contacts', '/api/opt-outs']) assert.equal((await pk('GET', path)).status, 401, path);
  assert.equal((await visit(server.api, '/api/public/enroll', body())).status, 401); // a secret key is no publishable one
  assert.equal((await fetch(`${server.base}/api/public/enroll?key=${key}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body()) })).status, 401);
  for (const origins of [['*'], ['null'], ['https://a.example/'], ['https://A.example'], ['ftp://a.example'], ['https://a.example:443'], ['https://*.a.example']]) {
    assert.equal((await server.api('POST', '/api/keys', { name: 'x', kind: 'publishable', sequence_ids: [sequence], origins })).status, 422, origins[0]);
  }
  assert.equal((await server.api('POST', '/api/keys', { name: 'x', kind: 'publishable', sequence_ids: ['seq_999'] })).status, 422);
  assert.equal((await server.api('DELETE', `/api/keys/${keyId}`)).status, 204);
  assert.equal((await visit(pk, '/api/public/enroll', body())).status, 401);
  const preflight = await fetch(`${server.base}/api/public/enroll`, { method: 'OPTIONS', headers: { origin: ORIGIN } });
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
});

test('robots, repeats and floods', async (t) => {
  const { server, sequence, pk } = await startShop(t);
  const trapped = await visit(pk, '/api/public/enroll', { sequence_id: sequence, phone: '919876500020', consent_version: '1', website: 'http://spam.example' });
  assert.equal(trapped.status, 202);
  assert.equal((await contact(server, '919876500020')).status, 404);
  const once = { sequence_id: sequence, phone: '919876500021', consent_version: '1' };
  assert.equal((await visit(pk, '/api/public/enroll', once, { 'idempotency-key': 'a' })).status, 202);
  const again = await visit(pk, '/api/public/enroll', once, { 'idempotency-key': 'a' });
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.equal((await visit(pk, '/api/public/enroll', { ...once, name: 'x' }, { 'idempotency-key': 'a' })).status, 422);
  // One number, many addresses.
  let limited = null;
  for (let i = 0; i < 20 && !limited; i++) {
    const answer = await visit(pk, '/api/public/opt-out', { phone: '919876500022' });
    if (answer.status === 429) limited = answer;
  }
  assert.ok(limited, 'a number is limited');
  assert.match(limited.headers.get('ratelimit'), /"phone";r=0/);
  assert.match(limited.headers.get('ratelimit-policy'), /"phone";q=10;w=3600/);
  assert.ok(Number(limited.headers.get('retry-after')) > 0);
  // One address, many numbers.
  limited = null;
  for (let i = 0; i < 60 && !limited; i++) {
    const answer = await pk('POST', '/api/public/opt-out', { phone: String(919876501000 + i) }, ADDRESS(252));
    if (answer.status === 429) limited = answer;
  }
  assert.ok(limited, 'an address is limited');
  assert.match(limited.headers.get('ratelimit'), /"address";r=0/);
});

test('a publishable key is limited whoever uses it', async (t) => {
  const { pk } = await startShop(t);
  const end = Date.now() + 60_000;
  let limited = null;
  for (let sent = 0; sent < 3000 && !limited && Date.now() < end; sent += 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => {
      const n = sent + i; // another number by another address each time
      return pk('POST', '/api/public/opt-out', { phone: String(919876510000 + n) }, { 'x-forwarded-for': `198.18.${Math.floor(n / 250)}.${(n % 250) + 1}` });
    }));
    limited = answers.find((answer) => answer.status === 429);
  }
  assert.ok(limited, 'a key is limited');
  assert.match(limited.headers.get('ratelimit-policy'), /"key";q=600;w=60/);
  assert.ok(Number(limited.headers.get('retry-after')) > 0);
});

test('the hosted form works without JavaScript, in five languages', async (t) => {
  const { server, sequence } = await startShop(t, { args: ['--public-url', PUBLIC_URL] });
  assert.equal((await server.api('GET', `/api/sequences/${sequence}/form`)).status, 204);
  const made = await server.api('POST', `/api/sequences/${sequence}/form`);
  assert.equal(made.status, 201, made.text);
  assert.equal(made.body.url, `${PUBLIC_URL}${made.body.path}`);
  assert.ok(made.body.embed_html.includes(`action="${made.body.url}"`));
  const url = server.base + made.body.path;
  for (const [accept, tag, direction] of [['en', 'en', 'ltr'], ['es-MX', 'es', 'ltr'], ['pt', 'pt-BR', 'ltr'], ['hi-IN,en;q=0.5', 'hi', 'ltr'], ['ar', 'ar', 'rtl'], ['de', 'en', 'ltr']]) {
    const page = await fetch(url, { headers: { 'accept-language': accept } });
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.ok(html.includes(`<html lang="${tag}" dir="${direction}">`), accept);
    assert.doesNotMatch(html, /<script|<style|style=|onclick|<b>tips/);
    assert.ok(html.includes('Shop &lt;b&gt;tips&lt;/b&gt;'));
    assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
    assert.equal(page.headers.get('content-language'), tag);
  }
  const style = await fetch(`${server.base}/pages/style.css`);
  assert.equal(style.status, 200);
  assert.match(style.headers.get('content-type'), /^text\/css/);
  const send = (fields, n = 1) => fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: ADDRESS(n) });
  const bad = await send({ phone: '"><script>x</script>', name: '<i>', consent: 'yes' });
  assert.equal(bad.status, 422);
  const again = await bad.text();
  assert.match(again, /aria-invalid="true"/);
  assert.doesNotMatch(again, /<script|<i>/);
  assert.equal((await send({ phone: '919876500030' })).status, 422); // no consent
  assert.equal((await send({ phone: '919876500031', consent: 'yes', website: 'x' })).status, 303);
  assert.equal((await contact(server, '919876500031')).status, 404);
  await server.api('POST', '/api/opt-outs', { phone: '919876500032' });
  const answers = [];
  for (const phone of ['919876500030', '919876500030', '919876500032']) {
    const answer = await send({ phone, name: 'Asha', consent: 'yes' }, 2);
    answers.push(`${answer.status} ${answer.headers.get('location')} ${await answer.text()}`);
  }
  assert.deepEqual(answers, Array(3).fill(`303 ${made.body.path}/done `));
  const done = await fetch(`${url}/done`);
  assert.equal(done.status, 200);
  assert.match(await done.text(), /Thank you/);
  const list = await server.api('GET', `/api/sequences/${sequence}/enrollments`);
  assert.deepEqual(list.body.data.map((row) => [row.phone, row.source]), [['919876500030', 'form']]);
  const exported = await server.api('GET', '/api/contacts/919876500030/export');
  assert.match(exported.text, /form-1\.1-built-in-en/);
  assert.match(exported.text, /I agree to get messages/);
  const changed = await server.api('POST', `/api/sequences/${sequence}/form`, { title: 'Tips', consent_text: 'I want tips.' });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.token, made.body.token);
  assert.equal(changed.body.consent_version, 2);
  assert.equal(changed.body.submissions, 3);
  assert.match(await (await fetch(url)).text(), /I want tips\./);
  let limited = 0;
  for (let i = 0; i < 40; i++) limited += (await send({ phone: 'x', consent: 'yes' }, 3)).status === 429 ? 1 : 0;
  assert.ok(limited > 0);
  assert.equal((await server.api('DELETE', `/api/sequences/${sequence}/form`)).status, 204);
  assert.equal((await fetch(url)).status, 404);
  assert.equal((await send({ phone: '919876500033', consent: 'yes' }, 4)).status, 404);
  const next = await server.api('POST', `/api/sequences/${sequence}/form`, {});
  assert.notEqual(next.body.token, made.body.token);
});

test('an opt-out link: looking changes nothing, tapping acts, forging fails', async (t) => {
  const messages = [{ day: 1, message: 'Hello. Stop: {opt_out_link}' }, { day: 3, message: 'Again' }];
  const server = await startServer(t);
  const draft = await server.api('POST', '/api/sequences', { name: 'Links', messages });
  const findings = (answer) => answer.body.findings ?? answer.body.data;
  const without = await server.api('POST', `/api/sequences/${draft.body.id}/lint`);
  assert.ok(findings(without).some((finding) => finding.code === 'opt_out_link_unavailable'), without.text);
  assert.equal((await server.api('PUT', `/api/sequences/${draft.body.id}`, { status: 'active' })).status, 422);
  assert.equal((await server.api('PUT', '/api/settings', { public_url: PUBLIC_URL })).status, 200);
  const withUrl = await server.api('POST', `/api/sequences/${draft.body.id}/lint`);
  assert.ok(!findings(withUrl).some((finding) => /opt_out/.test(finding.code)), withUrl.text);
  const preview = await server.api('POST', `/api/sequences/${draft.body.id}/preview`);
  assert.match(preview.text, /drip\.example\.org\/o\//);
  assert.equal((await server.api('PUT', `/api/sequences/${draft.body.id}?force=true`, { status: 'active' })).status, 200);
  const enrolled = await server.api('POST', `/api/sequences/${draft.body.id}/enroll`, { phone: '919876500040' });
  const message = await until(async () => {
    const queue = await server.api('GET', `/api/queue?sequence_id=${draft.body.id}`);
    return queue.body.data.find((row) => row.message?.includes('/o/'));
  }, 'the message is made');
  const path = new URL(message.message.split('Stop: ')[1]).pathname;
  const state = async () => (await server.api('GET', `/api/enrollments/${enrolled.body.enrollment_id}`)).body.status;
  for (let i = 0; i < 3; i++) {
    const page = await fetch(server.base + path);
    assert.equal(page.status, 200);
    assert.doesNotMatch(await page.text(), /98765/);
  }
  assert.equal((await fetch(server.base + path, { method: 'HEAD' })).status, 200);
  assert.equal(await state(), 'active');
  const token = path.slice(3);
  const forged = [token.slice(0, -1), `${token}A`, 'x', `B${token.slice(1)}`, token.toLowerCase(), `${token.slice(0, 8)}AAAA${token.slice(12)}`, token.slice(0, -3) + (token.endsWith('AAA') ? 'BBB' : 'AAA')];
  for (const wrong of forged) {
    assert.equal((await fetch(`${server.base}/o/${wrong}`)).status, 404, wrong);
    assert.equal((await fetch(`${server.base}/o/${wrong}`, { method: 'POST' })).status, 404, wrong);
  }
  assert.equal(await state(), 'active');
  const stop = () => fetch(server.base + path, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
  assert.equal((await stop()).status, 200);
  assert.equal(await state(), 'opted_out');
  const optOuts = await server.api('GET', '/api/opt-outs?source=link');
  assert.deepEqual(optOuts.body.data.map((row) => row.phone), ['919876500040']);
  assert.equal((await stop()).status, 200); // again is harmless
  assert.equal((await server.api('GET', '/api/opt-outs')).body.data.length, 1);
});

test('opt-out lists come in and go out; own words; HELP is answered', async (t) => {
  const { server } = await startShop(t);
  const csv = await server.api('POST', '/api/opt-outs/bulk', 'phone,why\n919876500050,a\n+91 98765 00051,b\n919876500050,c\nnonsense,d\n', { 'content-type': 'text/csv' });
  assert.equal(csv.status, 200, csv.text);
  assert.deepEqual(csv.body.counts, { opted_out: 2, already_opted_out: 0, duplicate: 1, invalid_phone: 1 });
  assert.equal(csv.body.total, 4);
  assert.equal(csv.body.refused[0].input, 'nonsense');
  const lines = await server.api('POST', '/api/opt-outs/bulk?kind=all', '919876500051\n919876500052\n', { 'content-type': 'text/plain' });
  assert.deepEqual(lines.body.counts, { opted_out: 1, already_opted_out: 1, duplicate: 0, invalid_phone: 0 });
  assert.equal((await server.api('POST', '/api/opt-outs/bulk', ['919876500053'])).status, 415);
  assert.equal((await server.api('POST', '/api/opt-outs/bulk', `${'919876500054\n'.repeat(10001)}`, { 'content-type': 'text/plain' })).status, 413);
  const out = await server.api('GET', '/api/opt-outs?format=csv');
  assert.match(out.headers.get('content-type'), /^text\/csv/);
  assert.equal(out.text.trim().split('\n').length, 4);
  for (const words of [{ start_words: ['stop'] }, { stop_words: ['START'] }, { stop_words: ['!!!'] }, { stop_words: ['x'.repeat(41)] }, { stop_words: [5] }]) {
    assert.equal((await server.api('PUT', '/api/settings', words)).status, 422, JSON.stringify(words));
  }
  const set = await server.api('PUT', '/api/settings', { stop_words: ['genug jetzt'], start_words: ['weiter'], help_text: 'Ask us: 555' });
  assert.equal(set.status, 200, set.text);
  assert.deepEqual(set.body.stop_words, ['genug jetzt']);
  const say = async (phone, text) => {
    const answer = await server.api('POST', '/api/sandbox/replies', { phone, text });
    assert.ok(answer.status < 300, answer.text);
  };
  const stopped = async (phone) => (await server.api('GET', `/api/opt-outs?q=${phone}`)).body.data.length > 0;
  await say('919876500060', 'Genug, jetzt!');
  await until(() => stopped('919876500060'), 'an own word stops');
  // Words are ordered by WhatsApp's time, which counts whole seconds: one of the same second is no newer word.
  await until(async () => {
    await say('919876500060', 'WEITER');
    return !(await stopped('919876500060'));
  }, 'an own word starts again');
  await say('919876500061', 'help');
  const answered = () => server.api('GET', '/api/queue?limit=100').then((queue) => queue.body.data.filter((row) => row.message === 'Ask us: 555'));
  const [help] = await until(async () => { const rows = await answered(); return rows.length > 0 && ['sent', 'delivered', 'read'].includes(rows[0].status) ? rows : null; }, 'HELP is answered');
  assert.equal(help.phone, '919876500061');
  await say('919876500061', 'HELP');
  await until(async () => (await server.api('GET', '/api/contacts/919876500061')).text.includes('HELP'), 'the second HELP is kept');
  assert.equal((await answered()).length, 1);
});

test('a user sees and ends their own sessions', async (t) => {
  const server = await startServer(t);
  const password = 'correct horse battery';
  for (const email of ['ann@example.org', 'bob@example.org']) {
    assert.equal((await server.api('POST', '/api/users', { email, role: 'viewer', password })).status, 201);
  }
  const own = { origin: server.base, 'sec-fetch-site': 'same-origin' };
  const signIn = async (email, secret = password) => {
    const answer = await fetch(`${server.base}/api/login`, { method: 'POST', headers: { 'content-type': 'application/json', ...own }, body: JSON.stringify({ email, password: secret }) });
    assert.equal(answer.status, 200);
    const cookie = answer.headers.get('set-cookie').split(';')[0];
    return (method, path, body) => client(server.base)(method, path, body, { cookie, ...own });
  };
  const first = await signIn('ann@example.org');
  const second = await signIn('ann@example.org');
  const bob = await signIn('bob@example.org');
  const list = (await first('GET', '/api/me/sessions')).body.data;
  assert.equal(list.length, 2);
  assert.equal(list.filter((session) => session.current).length, 1);
  const other = list.find((session) => !session.current).id;
  assert.equal((await bob('DELETE', `/api/me/sessions/${other}`)).status, 404);
  assert.equal((await second('GET', '/api/me')).status, 200);
  assert.equal((await first('DELETE', `/api/me/sessions/${other}`)).status, 204);
  assert.equal((await second('GET', '/api/me')).status, 401);
  assert.equal((await first('GET', '/api/me')).status, 200);
  assert.deepEqual((await server.api('GET', '/api/me/sessions')).body.data, []); // a key has none
  const third = await signIn('ann@example.org');
  const changed = await first('PUT', '/api/me', { current_password: password, new_password: 'another long secret' });
  assert.equal(changed.status, 200, changed.text);
  assert.equal((await third('GET', '/api/me')).status, 401);
  assert.equal((await bob('GET', '/api/me')).status, 200);
  assert.equal(readFileSync(`${server.data}/dripline.db`).includes(Buffer.from('dripline_session')), false);
});
