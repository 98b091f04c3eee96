// Canaries: phone numbers, names, tokens and texts that exist nowhere else go through a run with
// faults at debug log level. None of them, no id of the provider, and none of their usual
// disguises may stand in the log, the metrics or the answer to a request that failed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeChannel, upload } from './lib/drip.mjs';
import { freePort, run, until } from './lib/process.mjs';
import { advance, client, startServer, startSimulator } from './lib/server.mjs';

const PHONES = ['4915798765431', '5511987654329', '919812345678', '14155550172', '34612987453'];
const NAMES = ['Zebulon Quillfeather', 'Ottoline Marchbanks', 'Xiomara Brightwater', 'Thaddeus Vexley', 'Philippa Oakenshaw'];
const TEXTS = ['Ihr Knoblauchtermin ist am Siebzehnten', 'velvet-armadillo-prescription', 'Saffron kettle inspection'];
const SECRETS = { access_token: 'EAAcanaryTokenQ7w9Zx3LmN5', app_secret: 'canaryappsecret55aa77bb99', verify_token: 'canary-verify-8842aa' };
const PASSWORD = 'marmalade-canary-trombone-41';
const EMAIL = 'zebulon.canary@example.org';

/** The words of one canary as they may be disguised. */
function disguises(word) {
  const bytes = Buffer.from(word);
  const list = [word, encodeURIComponent(word), word.replaceAll(' ', '+'), JSON.stringify(word).slice(1, -1), bytes.toString('hex')];
  // Base64 at each of the three offsets, without the characters that depend on the neighbours.
  for (let offset = 0; offset < 3; offset++) {
    const coded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').replace(/=+$/, '');
    const inner = coded.slice(offset === 0 ? 0 : offset + 1, coded.length - 2);
    list.push(inner, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...new Set(list)].filter((one) => one.length >= 8);
}
const digits = (phone) => [`+${phone}`, phone, `${phone.slice(0, 2)} ${phone.slice(2, 5)} ${phone.slice(5)}`, `${phone.slice(0, 2)}-${phone.slice(2)}`];

function canaries(server, wamids) {
  return [
    ...PHONES.flatMap(digits), ...NAMES, ...NAMES.map((name) => name.split(' ')[1]), ...TEXTS, ...Object.values(SECRETS), PASSWORD, EMAIL, server.key,
    readFileSync(join(server.data, 'master.key'), 'utf8').trim(), ...wamids,
  ].flatMap((word) => disguises(word).map((form) => ({ word, form })));
}

function search(where, text, list) {
  // What is base64 in the text may hide another layer: wamids hold the number inside.
  const decoded = (text.match(/[A-Za-z0-9+/_-]{16,}/g) ?? []).map((run) => Buffer.from(run.replaceAll('-', '+').replaceAll('_', '/'), 'base64').toString('latin1'));
  const all = [text, ...decoded].join('\n');
  const found = list.filter(({ form }) => all.includes(form)).map(({ word, form }) => {
    const line = text.split('\n').find((one) => one.includes(form)) ?? '(inside a coded run)';
    return `${where}: "${word}" as "${form}" in: ${line.slice(0, 300)}`;
  });
  assert.deepEqual(found, []);
}

const FAULTS = {
  reset_after_per_mille: 150, server_error_per_mille: 150, broken_body_per_mille: 150, refuse_per_mille: 100, webhook_delay_ms: 5,
  repeated_webhook_per_mille: 300, reply_per_mille: 300,
  rules: [{ fault: 'error', code: 131026, count: 1 }, { fault: 'status_after', status: 502, count: 1 }, { fault: 'reset_before', count: 1 }, { fault: 'cut', count: 1 }, { fault: 'huge_body', bytes: 3000000, count: 1 }],
};

/** Requests that fail, each with a canary where it is likely to be echoed. Returns their answers. */
async function provoke(server) {
  const phone = PHONES[0];
  const calls = [
    ['GET', `/api/contacts/${phone}9999`], ['GET', `/api/contacts/${encodeURIComponent(NAMES[0])}`], ['GET', `/api/queue?phone=${phone}&nonsense=1`],
    ['POST', '/api/sequences/seq_999/enroll', { phone, name: NAMES[1] }], ['POST', '/api/opt-outs', { phone: `${phone}000000000`, reason: TEXTS[1] }],
    ['POST', '/api/opt-outs', { phone, reason: TEXTS[1].repeat(50) }], ['DELETE', `/api/opt-outs?phone=${PHONES[4]}`],
    ['POST', '/api/sequences', { name: NAMES[2], messages: [{ day: 0, type: 'text', message: TEXTS[2] }] }], ['GET', `/api/events?cursor=${phone}`],
    ['POST', '/api/channels', { ...SECRETS, name: 'x', provider: 'cloud', base_url: 'ftp://nowhere' }], ['POST', '/api/messages/msg_999999/retry'],
    ['PUT', `/api/contacts/${phone}`, { name: 7 }], ['POST', '/api/login', { email: EMAIL, password: PASSWORD }], ['POST', '/api/login', `{"password":"${PASSWORD}"`],
    ['POST', '/webhooks/whatsapp/chan_002', { entry: [{ changes: [{ value: { messages: [{ from: phone, text: { body: TEXTS[0] } }] } }] }] }],
    ['GET', `/webhooks/whatsapp/chan_002?hub.mode=subscribe&hub.verify_token=${SECRETS.verify_token}x&hub.challenge=12`],
  ];
  const answers = [];
  for (const [method, path, body] of calls) {
    const text = typeof body === 'string';
    const answer = await fetch(server.base + path, {
      method, body: body === undefined ? undefined : text ? body : JSON.stringify(body),
      headers: { authorization: `Bearer ${server.key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    });
    assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path.slice(0, 30)}: ${answer.status}`);
    answers.push(`${method} ${path.split('/').slice(0, 3).join('/')}: ${await answer.text()} ${JSON.stringify([...answer.headers])}`);
  }
  return answers.join('\n');
}

async function drip(server, channel) {
  const made = await server.api('POST', '/api/sequences?force=true', {
    name: 'Quiet', status: 'active', channel_id: channel.id, timezone: 'UTC',
    messages: [1, 2, 3].map((day) => ({ day, type: 'template', template: { name: `step_${day}`, language: 'en', body: ['{name}', TEXTS[day - 1]] } })),
  });
  assert.equal(made.status, 201, made.text);
  const rows = PHONES.map((phone, i) => `${phone},${NAMES[i]}`);
  await upload(server, made.body, `phone,name\n${rows.join('\n')}\nnot-a-phone,${NAMES[0]}\n${PHONES[0]},${NAMES[0]}\n`);
  for (let day = 0; day < 4; day++) await advance(server, '1d');
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.sending === 0, 'quiet');
}

for (const format of ['text', 'json']) {
  test(`no canary in log (${format}), metrics and errors`, async (t) => {
    const server = await startServer(t, { clock: 'manual', args: ['--log-level', 'debug', '--log-format', format] });
    const port = await freePort();
    const channel = await makeChannel(server, { base: `http://127.0.0.1:${port}`, appSecret: SECRETS.app_secret }, { ...SECRETS, doubt_policy: 'resend' });
    const simulator = await startSimulator(t, { port, appSecret: SECRETS.app_secret, clock: 'follow', faults: FAULTS, webhookUrl: `${server.base}/webhooks/whatsapp/${channel.id}` });
    await server.api('POST', '/api/users', { email: EMAIL, name: NAMES[3], role: 'viewer', password: `${PASSWORD}-right` });
    await drip(server, channel);
    const errors = await provoke(server);
    await client(server.base, server.key)('POST', '/api/opt-outs', { phone: PHONES[1], reason: TEXTS[1] });
    assert.equal((await server.api('DELETE', `/api/contacts/${PHONES[2]}`)).status < 300, true);
    const sent = simulator.entries();
    assert.ok(sent.length >= 10, `${sent.length} requests reached the fake WhatsApp`);
    const wamids = [...new Set(JSON.stringify(sent).match(/wamid\.[A-Za-z0-9+/=_-]+/g) ?? [])];
    const metrics = await (await fetch(`${server.base}/metrics`)).text();
    const doctor = await run(['doctor', '--data', server.data]);
    await server.stop();
    const list = canaries(server, wamids);
    assert.ok(wamids.length >= 5, 'ids of the provider are known');
    const wamidWith = `wamid.${Buffer.from(`HBgM${PHONES[3]}FQIA`).toString('base64')}`;
    for (const leak of [`to=+${PHONES[0]}`, encodeURIComponent(NAMES[0]), wamids[0], wamidWith, Buffer.from(`x${TEXTS[1]}y`).toString('base64')]) {
      assert.throws(() => search('self', `a=1 b=${leak} c=2`, list), `finds ${leak}`);
    }
    const log = server.daemon.log;
    assert.match(log, /http\.request/, 'the log is at debug level');
    search('log', log, list);
    search('metrics', metrics, list);
    search('doctor', doctor.stdout + doctor.stderr, list);
    // A word that the caller sent may be named to that caller; nobody else's, and no secret, may.
    search('errors', errors, list.filter(({ word }) => [...Object.values(SECRETS), PASSWORD, server.key, ...wamids, ...TEXTS, ...NAMES.slice(3), ...PHONES.slice(1, 4)].includes(word)));
  });
}
