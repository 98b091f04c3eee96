// Double opt-in: a form can ask that people write first, from the number that was typed in. Until then nobody is
// enrolled, nothing is sent, and the answer tells nobody who is known.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { startPair } from './lib/drip.mjs';
import { advance, client } from './lib/server.mjs';
import { sql } from './lib/users.mjs';

const PHONE = '919876500501';

async function startConfirming(t) {
  const { server, channel } = await startPair(t, { args: ['--trusted-proxies', '127.0.0.1'] });
  assert.equal((await server.api('POST', `/api/channels/${channel.id}/test`)).body.ok, true, 'from then on its number is known');
  const number = (await server.api('GET', `/api/channels/${channel.id}`)).body.display_phone.replace(/\D/g, '');
  const sequence = await server.api('POST', '/api/sequences?force=true', { name: 'Tips & more', status: 'active', channel_id: channel.id, messages: [{ day: 1, message: 'Hello {name}' }, { day: 3, message: 'Still there?' }] });
  assert.equal(sequence.status, 201, sequence.text);
  const id = sequence.body.id;
  const form = await server.api('POST', `/api/sequences/${id}/form`, { confirm: true });
  assert.equal(form.status, 201, form.text);
  assert.equal(form.body.confirm, true);
  assert.match(form.body.confirm_message, /^Tips & more #[A-Z2-7]{6}$/);
  let visitor = 0;
  const send = (fields) => fetch(server.base + form.body.path, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ consent: 'yes', ...fields }), headers: { 'x-forwarded-for': `198.51.100.${++visitor}` } });
  let written = 0;
  const write = async (phone, text, wamid = `wamid.confirm${++written}`) => {
    const now = Date.parse((await server.api('GET', '/api/me')).body.server.now);
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '2000000001', changes: [{ field: 'messages', value: {
      messaging_product: 'whatsapp', metadata: { phone_number_id: '1000000001' }, contacts: [{ wa_id: phone, profile: { name: 'Asha' } }],
      messages: [{ from: phone, id: wamid, timestamp: String(Math.floor(now / 1000)), type: 'text', text: { body: text } }] } }] }] });
    const answer = await fetch(`${server.base}/webhooks/whatsapp/${channel.id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${createHmac('sha256', 'test-app-secret').update(body).digest('hex')}` } });
    assert.equal(answer.status, 200);
  };
  const enrolled = async () => (await server.api('GET', `/api/sequences/${id}/enrollments`)).body.data;
  return { server, id, number, form: form.body, code: form.body.confirm_message.split(' ').at(-1), send, write, enrolled };
}

test('nobody is enrolled before they wrote the code from their own number', async (t) => {
  const { server, number, form, code, send, write, enrolled } = await startConfirming(t);
  const sent = await send({ phone: PHONE, name: 'Asha' });
  assert.equal(sent.status, 303);
  const page = await (await fetch(server.base + sent.headers.get('location'))).text();
  assert.ok(page.includes(form.confirm_message.replace('&', '&amp;')), page);
  assert.ok(page.includes(`https://wa.me/${number}?text=Tips%20%26%20more%20%23${code.slice(1)}`), page);
  assert.doesNotMatch(page, /<script|Asha/);
  assert.equal((await server.api('GET', `/api/contacts/${PHONE}`)).status, 404, 'not even a contact');
  await write('919876500599', form.confirm_message);
  await write(PHONE, 'Hello, who is this?');
  await write(PHONE, code.slice(0, -1));
  assert.deepEqual(await enrolled(), [], 'neither another number nor another word confirms');
  assert.equal((await server.api('GET', '/api/queue')).body.data.length, 0);
  await write(PHONE, `ok! ${code.toLowerCase()} thanks`, 'wamid.yes');
  const [person] = await enrolled();
  assert.deepEqual([person.phone, person.name, person.source, person.status], [PHONE, 'Asha', 'form', 'active']);
  const consent = (await server.api('GET', `/api/contacts/${PHONE}/export`)).text;
  for (const word of ['confirmed_at', 'form-1.1-built-in-en', 'I agree to get messages', '198.51.100.']) assert.ok(consent.includes(word), word);
  await write(PHONE, form.confirm_message, 'wamid.yes');
  await write(PHONE, form.confirm_message);
  assert.equal((await enrolled()).length, 1, 'once');
  // The code is spent: nothing of the form is left that a later message, or somebody with the number, could use.
  const exported = async () => (await server.api('GET', `/api/contacts/${PHONE}/export`)).body;
  const confirmedAt = async () => /"confirmed_at":"([^"]+)"/.exec(JSON.stringify(await exported()))?.[1];
  assert.deepEqual((await exported()).unconfirmed, []);
  const at = await confirmedAt();
  await advance(server, '1m');
  await write(PHONE, form.confirm_message);
  assert.deepEqual([typeof at, await confirmedAt()], ['string', at], 'and the consent keeps its time');
});

test('a stop stays a stop, a week is the limit, and the answer is the same for all', async (t) => {
  const { server, id, form, send, write, enrolled } = await startConfirming(t);
  const key = await server.api('POST', '/api/keys', { name: 'Page', kind: 'publishable', sequence_ids: [id], origins: ['https://shop.example.org'] });
  const pk = client(server.base, key.body.secret);
  const stopped = '919876500502';
  assert.equal((await server.api('POST', '/api/opt-outs', { phone: stopped })).status, 201);
  const answers = [];
  for (const [n, phone] of [PHONE, stopped].entries()) {
    const answer = await pk('POST', '/api/public/enroll', { sequence_id: id, phone, consent_version: '1' }, { 'x-forwarded-for': `198.51.100.${200 + n}` });
    assert.equal(answer.status, 202, answer.text);
    answers.push(answer.text);
  }
  assert.equal(answers[0], answers[1]);
  assert.equal(JSON.parse(answers[0]).confirm.message, form.confirm_message);
  assert.deepEqual(await enrolled(), []);
  await write(stopped, form.confirm_message);
  assert.deepEqual(await enrolled(), [], 'who said stop has to say start');
  await advance(server, '8d');
  await write(PHONE, form.confirm_message);
  assert.deepEqual(await enrolled(), [], 'too late');
  const waiting = (phone) => sql(server, `SELECT count(*) FROM unconfirmed WHERE phone = ${phone}`);
  assert.equal((await send({ phone: stopped })).status, 303);
  assert.equal(await waiting(stopped), '1');
  assert.equal((await server.api('GET', `/api/contacts/${stopped}/export`)).body.unconfirmed.length, 1, 'handed out to the person');
  assert.equal((await server.api('DELETE', `/api/contacts/${stopped}`)).status, 204);
  assert.equal(await waiting(stopped), '0', 'erased with the person');
  assert.equal((await send({ phone: '919876500503' })).status, 303);
  assert.equal((await server.api('POST', `/api/sequences/${id}/form`, { confirm: false })).body.confirm, false);
  assert.equal((await send({ phone: '919876500504' })).status, 303);
  assert.deepEqual((await enrolled()).map(({ phone }) => phone), ['919876500504'], 'without it people are enrolled at once');
  assert.equal((await server.api('DELETE', `/api/sequences/${id}/form`)).status, 204);
  await write('919876500503', form.confirm_message);
  assert.equal((await enrolled()).length, 1, 'a form that is closed confirms nothing');
});
