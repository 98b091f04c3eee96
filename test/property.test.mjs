// Whatever is sent to any operation of the contract, good by its schema or with something wrong in
// it: no 5xx, no answer that the contract does not name, nothing taken that the contract forbids,
// and what was taken reads back as it was sent. One seed, bounded runs; by hand with PROPERTY_RUNS and
// PROPERTY_SEED.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { operations } from './lib/contract.mjs';
import { follow, good, hostileText, matches, spoiled } from './lib/generate.mjs';
import { run } from './lib/process.mjs';
import { client, startServer } from './lib/server.mjs';

const SEED = Number(process.env.PROPERTY_SEED ?? 20270301);
const RUNS = Number(process.env.PROPERTY_RUNS ?? 24);
const SLOW = { login: 4, setup_create: 4, users_create: 5, users_update: 5, me_update: 4, channels_test: 2, second_factor_create: 4, second_factor_confirm: 4, second_factor_remove: 4, email_settings_test: 2 }; // passwords are meant to be slow; a test call goes to the net
const SECRET = 'property-app-secret';

const IDS = {
  sequences: ['seq_001', 'seq_002'], enrollments: ['enroll_001', 'enroll_002'], batches: ['batch_001'], messages: ['msg_001'], channels: ['chan_001'], users: ['user_001'],
  keys: ['key_777'], webhooks: ['hook_001'], alerts: ['alert_001'], contacts: ['919876543210'], me: ['session_777'],
};
/** Filled in by setUp(): what else is needed to be let in. */
const doors = { form: 'none', link: 'none', publishable: '', cookie: '' };

function paths(entry) {
  const kind = entry.path.split('/')[2];
  const parts = entry.path.split(/(\{\w+\})/).map((part) => {
    if (!part.startsWith('{')) return fc.constant(part);
    const known = part === '{version}' ? ['1', '2'] : part === '{channel}' ? ['chan_001'] : part === '{token}' ? [entry.path.startsWith('/f/') ? doors.form : doors.link] : (IDS[kind] ?? ['1']);
    const strange = hostileText.filter((word) => word !== '' && word !== '.' && word !== '..' && Buffer.from(word).toString() === word).map(encodeURIComponent).filter((word) => word.length < 3000);
    return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: strange });
  });
  return fc.tuple(...parts).map((list) => list.join(''));
}

/** Whether the text of a parameter is one that its schema takes. */
function fits({ schema }, text) {
  const plain = follow(schema);
  const one = (type, word) => (type === 'integer' || type === 'number' ? (/^-?\d+$/.test(word) ? Number(word) : word) : type === 'boolean' ? ({ true: true, false: false }[word] ?? word) : word);
  if (plain.type === 'array') return matches(schema, text.split(',').map((word) => one(follow(plain.items).type, word)));
  return matches(schema, one(plain.type, text));
}

function queries(entry) {
  const item = operations.find((one) => one === entry).operation.parameters ?? [];
  const parameters = item.map(follow).filter((one) => one.in === 'query');
  const model = Object.fromEntries(parameters.map((one) => [one.name, fc.oneof(
    { weight: 5, arbitrary: one.example !== undefined ? fc.constant(one.example) : good(one.schema, one.name) }, { weight: 1, arbitrary: hostileText },
  )]));
  const shares = fc.record(model, { requiredKeys: [], noNullPrototype: true });
  return fc.tuple(shares, fc.constantFrom('', '', '', '', 'unknown=1', '%zz', '&&=', 'again')).map(([record, tail]) => {
    const given = Object.entries(record).filter(([, value]) => value != null).map(([name, value]) => [name, Buffer.from(String(value)).toString()]);
    const words = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const again = tail === 'again' ? words.find((word) => !word.endsWith('=')) : undefined; // one parameter twice
    if (again !== undefined) words.push(again);
    else if (tail !== 'again' && tail !== '') words.push(tail);
    const whole = record.format === 'csv'; // a table to download comes whole, not by pages
    const wrong = given.filter(([name, value]) => value !== '' && !(whole && ['limit', 'cursor'].includes(name)) && !fits(parameters.find((one) => one.name === name), value)).map(([name]) => name);
    if (again !== undefined && !(whole && /^(limit|cursor)=/.test(again))) wrong.push(`${again} twice`);
    return { query: words.length > 0 ? `?${words.join('&')}` : '', wrong };
  });
}

/** What no value of this language becomes when it is written as JSON. */
const RAW = ['1e400', '-1e400', '123456789012345678901234567890', '9007199254740993', '1.0', '1E0', '-0', '0.1e-999', '01', '+1', '.5', '1.', '0x1', 'NaN', 'tru', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\x41"', '"\t"', "'a'", '"a', '[1,]', '{"a":1,}', '{a:1}', '/**/1', '[1 2]', `${'['.repeat(40)}${']'.repeat(40)}`, `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, '"a"\u0000'];
/** JSON text in which one value is such a thing; `value` is what it says, `broken` that it says nothing. */
const raw = (values, schema) => fc.tuple(values, fc.nat({ max: 50 }), fc.constantFrom(...RAW)).map(([value, nth, word]) => {
  const whole = JSON.stringify(value ?? {});
  const places = [...whole.matchAll(/(?<=[:[,])(?:-?[0-9][^,\]}]*|"(?:[^"\\]|\\.)*"(?!:)|true|false|null)/g)];
  const place = places[nth % Math.max(places.length, 1)];
  const bytes = place === undefined ? word : whole.slice(0, place.index) + word + whole.slice(place.index + place[0].length);
  try {
    return { value: JSON.parse(bytes), schema, type: 'application/json', bytes };
  } catch {
    return { broken: true, type: 'application/json', bytes };
  }
});

function bodies(entry) {
  const content = follow(entry.operation.requestBody)?.content;
  if (!content) return fc.constant({});
  const schema = content['application/json']?.schema;
  const values = schema === undefined ? fc.constant(undefined) : good(schema);
  const json = (arbitrary) => arbitrary.map((value) => ({ value, schema, type: 'application/json', bytes: JSON.stringify(value) }));
  const choices = [{ weight: 5, arbitrary: json(values) }, { weight: 6, arbitrary: json(spoiled(values)) }, { weight: 2, arbitrary: raw(values, schema) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ type: 'application/json', bytes, schema, value: undefined })) }];
  for (const type of Object.keys(content).filter((one) => one.startsWith('text/'))) {
    const row = fc.array(fc.oneof(fc.constantFrom('+919876541234', 'Asha', '"', '""', ',', ';', '\r', '\u0000', 'phone'), fc.string({ maxLength: 10 })), { maxLength: 6 }).map((cells) => cells.join(','));
    const file = fc.tuple(fc.constantFrom('', 'phone,name\n', 'name;phone\n', '\ufeffphone\tname\n'), fc.array(row, { maxLength: 8 })).map(([head, rows]) => head + rows.join('\n'));
    choices.push({ weight: 4, arbitrary: fc.oneof(file, fc.uint8Array({ maxLength: 200 })).map((bytes) => ({ type, bytes })) });
  }
  if (content['application/x-www-form-urlencoded']) {
    const pairs = fc.tuple(values, fc.array(fc.tuple(fc.constantFrom('phone', 'name', 'consent', 'custom_fields[city]', 'custom_fields[]', '[x]', 'website', ''), hostileText), { maxLength: 3 }));
    choices.push({ weight: 6, arbitrary: pairs.map(([value, more]) => ({ type: 'application/x-www-form-urlencoded', bytes: new URLSearchParams([...Object.entries(value ?? {}).map(([name, one]) => [name, String(one)]), ...more]).toString() })) });
  }
  return fc.oneof(...choices);
}

/** Null stands for "left out" wherever nothing else is said. */
function withoutNulls(value) {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null).map(([name, one]) => [name, withoutNulls(one)]));
}

const lean = (value) => (typeof value === 'string' ? value.trim().normalize() : value);
/** Every value that was sent stands in the answer, at the same place. */
function readsBack(sent, got, path = '') {
  if (sent === null || sent === undefined || sent === '' || got === undefined) return;
  if (Array.isArray(sent)) {
    assert.equal(got?.length, sent.length, `${path}: as many as were sent`);
    sent.forEach((one, index) => readsBack(one, got[index], `${path}[${index}]`));
  } else if (typeof sent === 'object') {
    for (const name of Object.keys(sent)) readsBack(sent[name], got?.[name], `${path}.${name}`);
  } else if (typeof sent === 'number') {
    assert.ok(Math.abs(sent - got) <= Math.abs(sent) * 1e-9, `${path}: ${sent} came back as ${got}`);
  } else {
    assert.equal(lean(got === null ? '' : got), lean(sent), `${path} came back changed`);
  }
}
/** Operations whose answer holds the document that was sent, and fields in which a short spelling is written out. */
const DOCUMENTS = new Set(['sequences_create', 'sequences_update', 'contacts_update', 'settings_update', 'channels_create', 'channels_update', 'users_create', 'users_update', 'keys_create', 'sandbox_faults']);
const comparable = ({ late_policy, send_window, version, reason, status, scopes, email, expires_at, messages, base_url, ...rest }) => ({
  ...rest,
  base_url: rest.provider === 'simulator' ? undefined : base_url, // it has its own
  messages: messages?.map(({ id, template, media_type, filename, media_url, ...step }) => (step.type === undefined ? { day: step.day, time: step.time } : step)),
});
const CANARIES = /\/tmp\/|sqlite|SELECT |INSERT |src\/[a-z]+\/|\.c:\d|libmicrohttpd|stack trace/i;

async function setUp(t) {
  const server = await startServer(t, { args: ['--rate-limit', '0', '--anonymous-rate-limit', '0'], env: process.env.SERVER_ENV ? JSON.parse(process.env.SERVER_ENV) : {} });
  for (const name of ['One', 'Two']) {
    await server.api('POST', '/api/sequences', { name, messages: [{ day: 1, message: 'Hi {name}' }, { day: 3, message: 'Ho' }] });
    for (const phone of ['919876543210', '919876543211']) await server.api('POST', `/api/sequences/seq_00${name === 'One' ? 1 : 2}/enroll`, { phone, name: 'Asha' });
  }
  const channel = await server.api('POST', '/api/channels', { name: 'Number', provider: 'cloud', phone_number_id: '100', waba_id: '200', access_token: 'token', app_secret: SECRET, verify_token: 'verify', base_url: 'http://127.0.0.1:9' });
  assert.equal(channel.status, 201, channel.text);
  const person = { email: 'last@clinic.example', password: 'a long first password' };
  await server.api('POST', '/api/users', { ...person, role: 'admin' });
  const login = await server.api('POST', '/api/login', person);
  doors.cookie = login.headers.get('set-cookie').split(';')[0];
  doors.form = (await server.api('POST', '/api/sequences/seq_001/form', {})).body.token;
  doors.publishable = (await server.api('POST', '/api/keys', { name: 'page', kind: 'publishable', sequence_ids: ['seq_001'], origins: [] })).body.secret;
  return server;
}

/** A user's own pages want a user, pages for everybody a publishable key; the rest goes by the tests' key. */
function callerOf(path, server) {
  if (/^\/api\/me\b/.test(path)) return [client(server.base), { cookie: doors.cookie, 'sec-fetch-site': 'same-origin' }];
  if (path.startsWith('/api/public/')) return [client(server.base, doors.publishable), {}];
  return [server.api, {}];
}

test('nothing that is sent to any operation breaks the server or the contract', { timeout: 600_000 }, async (t) => {
  const server = await setUp(t);
  const findings = new Map();
  let requests = 0;
  let taken = 0;
  const tell = (name, words) => findings.has(name) || findings.set(name, words);
  for (const entry of operations) {
    const name = entry.operation.operationId;
    const signed = name === 'webhook_whatsapp_receive';
    const [api, more] = callerOf(entry.path, server);
    const arbitrary = fc.tuple(paths(entry), queries(entry), bodies(entry));
    await fc.assert(fc.asyncProperty(arbitrary, async ([path, { query, wrong }, body]) => {
      requests++;
      const headers = { ...more, ...(body.type ? { 'content-type': body.type } : {}) };
      if (signed) headers['x-hub-signature-256'] = `sha256=${createHmac('sha256', SECRET).update(body.bytes).digest('hex')}`;
      const shown = `${entry.method} ${path}${query} ${body.bytes === undefined ? '' : String(body.bytes).slice(0, 300)}`;
      let answer;
      try {
        answer = await api(entry.method, path + query, body.bytes, headers);
      } catch (error) {
        tell(`${name}: ${error.message.split('\n')[0]}`, `${shown}\n  ${error.message.slice(0, 500)}`);
        assert.ok(!server.daemon.exited, `the server ended at ${shown}\n${server.daemon.log.slice(-3000)}`);
        return;
      }
      if (answer.status >= 500) tell(`${name} ${answer.status}`, `${shown}\n  ${answer.text.slice(0, 300)}`);
      if (answer.status >= 400 && CANARIES.test(answer.text)) tell(`${name}: tells about its inside`, `${shown}\n  ${answer.text.slice(0, 300)}`);
      if (answer.status >= 300) return;
      taken++;
      if (query.includes('unknown=1') && path.startsWith('/api/') && entry.operation.security === undefined) tell(`${name}: took a parameter that is none`, shown);
      if (body.broken) tell(`${name}: took what is no JSON`, shown);
      if (wrong.length > 0) tell(`${name}: took a value of ${wrong} that the contract forbids`, shown);
      const refused = name === 'enroll_bulk' ? Object.entries(answer.body.counts ?? {}).some(([verdict, count]) => verdict.startsWith('invalid') && count > 0) : false; // by row
      if (!refused && body.schema !== undefined && body.value !== undefined && !matches(body.schema, withoutNulls(body.value))) tell(`${name}: took what the contract forbids`, shown);
      if (!DOCUMENTS.has(name) || query.includes('dry_run')) return;
      try {
        readsBack(comparable(body.value), answer.body);
      } catch (error) {
        tell(`${name}: ${error.message.split('\n')[0].replace(/:.*/, '')}`, `${shown}\n  ${error.message.slice(0, 300)}`);
      }
    }), { seed: SEED, numRuns: SLOW[name] ?? RUNS, endOnFailure: true });
  }
  t.diagnostic(`${requests} requests, ${taken} taken`);
  assert.equal(findings.size, 0, [...findings].map(([name, words]) => `${name}\n  ${words}`).join('\n'));
  assert.ok(taken > requests / 10, `enough was good: ${taken} of ${requests}`);
  assert.equal((await server.api('GET', '/healthz')).status, 200);
  assert.equal((await server.stop()).code, 0, server.daemon.log.slice(-2000));
  assert.doesNotMatch(server.daemon.log, /http\.failed|runtime error|Sanitizer/);
  const verified = await run(['verify', '--data', server.data, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});

test('what was forgotten on purpose is no damage', async (t) => {
  const server = await setUp(t);
  const sent = await server.api('POST', '/api/sequences/seq_001/test-send', { phone: '919876543210' });
  assert.equal(sent.status, 202, sent.text);
  assert.equal((await server.api('DELETE', '/api/contacts/919876543210')).status, 204);
  await server.stop();
  const verified = await run(['verify', '--data', server.data, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});
