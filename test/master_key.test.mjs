// The key that seals credentials is changed, and nobody notices: tokens, signatures, mails, sign-in
// codes, links in old messages and the memory of who opted out go on working. A change that is cut off
// is ended or taken back at the next start, and without the right key nothing starts.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPair } from './lib/drip.mjs';
import { BINARY, Daemon, freePort, run, temporaryFolder, until } from './lib/process.mjs';
import { listen, ping, subscribe } from './lib/receiver.mjs';
import { client, startServer } from './lib/server.mjs';
import { startSmtp } from './lib/smtp.mjs';
import { calmStep, totp } from './lib/totp.mjs';
import { addUser, OWN, PASSWORD, postLogin, sql } from './lib/users.mjs';

const change = (server, ...more) => run(['master-key', 'change', '--data', server.data, '--json', ...more]);
const keyFiles = (data) => readdirSync(data).filter((name) => name.startsWith('master.key')).sort();
const keyOf = (data) => readFileSync(join(data, 'master.key'), 'utf8');

async function changed(server, ...more) {
  const answer = await change(server, ...more);
  assert.equal(answer.code, 0, answer.stderr);
  return JSON.parse(answer.stdout);
}

/** One of everything that hangs on a key, and a check that all of it still works. */
async function makeAll(t, server, channel) {
  const mail = { host: '127.0.0.1', security: 'none', from: 'drip@example.org', recipients: ['anna@example.org'], user: 'drip', password: 'a mail password' };
  const smtp = await startSmtp(t, { login: { user: 'drip', password: mail.password } });
  assert.equal((await server.api('PUT', '/api/settings/email', { ...mail, port: smtp.port, enabled: true })).status, 200);
  assert.equal((await server.api('PUT', '/api/settings', { public_url: server.base })).status, 200);
  const receiver = await listen(t);
  const hook = await subscribe(server, receiver, { events: ['opt_out.created'] });

  await addUser(server, 'sofia');
  const cookie = (await postLogin(server, { email: 'sofia@clinic.example', password: PASSWORD })).headers.get('set-cookie').split(';')[0];
  const own = { cookie, ...OWN };
  const me = client(server.base);
  const begun = await me('POST', '/api/me/second-factor', { current_password: PASSWORD }, own);
  assert.equal(begun.status, 201, begun.text);
  await calmStep();
  const confirmed = await me('POST', '/api/me/second-factor/confirm', { code: totp(begun.body.secret) }, own);
  assert.equal(confirmed.status, 200, confirmed.text);
  const recovery = confirmed.body.recovery_codes;

  const gone = '919876500001';
  assert.equal((await server.api('POST', '/api/opt-outs', { phone: gone })).status, 201);
  assert.equal((await server.api('DELETE', `/api/contacts/${gone}`)).status, 204);
  const sequence = (await server.api('POST', '/api/sequences?force=true', { name: 'Keys', status: 'active', channel_id: channel.id, messages: [{ day: 1, message: 'Stop: {opt_out_link}' }] })).body;
  assert.equal((await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919876500002' })).status, 201);
  const link = await until(async () => (await server.api('GET', '/api/queue')).body.data.map((row) => /\/o\/\S+/.exec(row.message ?? '')?.[0]).find(Boolean), 'a message with a link');
  const form = { sequence, hook, receiver, smtp, recovery, gone, link, seed: begun.body.secret, secret: hook.secret };

  let phone = 919876500100;
  return async (what) => {
    const body = '{"object":"whatsapp_business_account","entry":[]}';
    const signature = createHmac('sha256', 'test-app-secret').update(body).digest('hex');
    const inbound = await fetch(`${server.base}/webhooks/whatsapp/${channel.id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` } });
    assert.equal(inbound.status, 200, `${what}: webhooks of the number`);
    const tested = await server.api('POST', `/api/channels/${channel.id}/test`);
    assert.equal(tested.body.ok, true, `${what}: its token: ${tested.text}`);
    const before = receiver.requests.length;
    await ping(server, hook);
    await until(() => receiver.requests.length > before, `${what}: a webhook`);
    assert.deepEqual(receiver.bad, [], `${what}: signed with the secret of old`);
    const mailed = await server.api('POST', '/api/settings/email/test', {});
    assert.equal(mailed.body.ok, true, `${what}: the password for mails: ${mailed.text}`);
    assert.equal((await postLogin(server, { email: 'sofia@clinic.example', password: PASSWORD, code: form.recovery.pop() })).status, 200, `${what}: a recovery code`);
    const again = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: gone });
    assert.equal(again.body.verdict, 'opted_out', `${what}: an erased person stays opted out: ${again.text}`);
    assert.equal((await fetch(server.base + link)).status, 200, `${what}: a link in an old message`);
    const enrolled = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: String(++phone) });
    assert.equal(enrolled.status, 201, `${what}: ${enrolled.text}`);
  };
}

test('with another master key all goes on: numbers, webhooks, mails, codes, links, opt-outs', { timeout: 600_000 }, async (t) => {
  const { server, channel } = await startPair(t, { clock: 'system', args: ['--webhooks-allow-local', 'yes'] });
  const works = await makeAll(t, server, channel);
  await works('at first');
  const running = await change(server);
  assert.equal(running.code, 75, 'not while a server runs');
  await server.stop();
  const first = keyOf(server.data);
  const sealedBefore = await sql(server, 'SELECT hex(secrets) FROM channel WHERE secrets IS NOT NULL UNION ALL SELECT hex(secrets) FROM webhook UNION ALL SELECT hex(secret) FROM user_totp UNION ALL SELECT value FROM setting WHERE key IN (\'email_password\', \'master_key_check\')');
  const report = await changed(server);
  assert.deepEqual([report.sealed, report.left], [4 + (report.sealed - 4), 0]);
  assert.ok(report.sealed >= 4, `a number, a webhook, a password, a seed: ${report.sealed}`);
  assert.notEqual(keyOf(server.data), first);
  assert.equal(readFileSync(report.old_key, 'utf8'), first, 'the old key is kept for old backups');
  for (const name of keyFiles(server.data)) assert.equal(statSync(join(server.data, name)).mode & 0o777, 0o400, name);
  const everything = readFileSync(join(server.data, 'dripline.db'), 'latin1') + readFileSync(join(server.data, 'dripline.db-wal'), 'latin1');
  assert.ok(!everything.includes(first.trim()), 'the old key stands nowhere in clear');
  const sealedNow = await sql(server, 'SELECT hex(secrets) FROM channel WHERE secrets IS NOT NULL UNION ALL SELECT hex(secrets) FROM webhook UNION ALL SELECT hex(secret) FROM user_totp UNION ALL SELECT value FROM setting WHERE key IN (\'email_password\', \'master_key_check\')');
  const old = new Set(sealedBefore.split('\n').filter(Boolean));
  for (const value of sealedNow.split('\n').filter(Boolean)) assert.ok(!old.has(value), 'every sealed value is another');
  await server.start();
  await works('after one change');
  assert.ok((await server.api('GET', '/api/audit?action=master_key.change')).body.data.length === 1, 'and it is in the audit trail');
  await server.stop();
  await changed(server);
  await server.start();
  await works('after another');
  await server.stop();
  await calmStep();
  const elsewhere = join(temporaryFolder(t), 'outside.key');
  await changed(server, '--to', elsewhere);
  assert.ok(!existsSync(join(server.data, 'master.key')));
  server.options.args = [...server.options.args, '--master-key-file', elsewhere];
  await server.start();
  await works('with a key that lives elsewhere');
});

test('a change of the key that is cut off anywhere leaves a server that starts', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t);
  const added = await server.api('POST', '/api/channels', { name: 'n', provider: 'cloud', phone_number_id: '1', waba_id: '2', base_url: 'http://127.0.0.1:9', access_token: 'a', app_secret: 'secret-of-the-app', verify_token: 'the-word' });
  assert.equal(added.status, 201, added.text);
  const shakes = async (what) => {
    const answer = await fetch(`${server.base}/webhooks/whatsapp/${added.body.id}?hub.mode=subscribe&hub.challenge=77&hub.verify_token=the-word`);
    assert.deepEqual([answer.status, await answer.text()], [200, '77'], what);
  };
  const at = (name) => join(server.data, name);
  await server.stop();

  writeFileSync(at('master.key.new'), `${'cd'.repeat(32)}\n`, { mode: 0o400 });
  await server.start();
  await shakes('cut off before the database changed');
  assert.deepEqual(keyFiles(server.data), ['master.key'], 'the key that opens nothing is gone');
  await server.stop();

  const report = await changed(server);
  const fresh = keyOf(server.data);
  renameSync(at('master.key'), at('master.key.new'));
  renameSync(report.old_key, at('master.key'));
  await server.start();
  await shakes('cut off after the database changed');
  assert.equal(keyOf(server.data), fresh, 'the new key took its place');
  assert.equal(existsSync(at('master.key.new')), false);
  await server.stop();

  renameSync(at('master.key'), at('master.key.new'));
  await server.start();
  await shakes('cut off between the two names');
  await server.stop();

  for (let kill = 0; kill < 12; kill++) { // and wherever else a kill may hit
    const changing = new Daemon(BINARY, ['master-key', 'change', '--data', server.data]);
    setTimeout(() => changing.child.kill('SIGKILL'), 3 + 4 * kill);
    await changing.ended;
    await server.start();
    await shakes(`kill ${kill}`);
    assert.equal(existsSync(at('master.key.new')), false, `kill ${kill}`);
    await server.stop();
  }
});

test('commands without a server ask for the right key, and make none where one was', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t);
  await server.stop();
  const kept = join(temporaryFolder(t), 'kept.key');
  const own = join(server.data, 'master.key');
  writeFileSync(kept, readFileSync(own), { mode: 0o400 });
  renameSync(own, `${kept}.moved`);
  const start = () => run(['serve', '--data', server.data, '--listen', '127.0.0.1:0']);
  const add = (...more) => run(['user', 'add', `a${Math.random()}@example.org`, '--role', 'viewer', '--data', server.data, ...more], { input: 'a long first password\n' });
  for (const [what, answer] of [['serve', await start()], ['user add', await add()], ['tick', await run(['tick', '--data', server.data])]]) {
    assert.notEqual(answer.code, 0, what);
    assert.match(answer.stderr, /--master-key-file/, what);
    assert.deepEqual(keyFiles(server.data), [], `${what} makes no key that opens nothing`);
  }
  assert.equal((await add('--master-key-file', kept)).code, 0);
  writeFileSync(own, `${'ef'.repeat(32)}\n`, { mode: 0o400 });
  const wrong = await add();
  assert.equal(wrong.code, 77, wrong.stderr);
  const channel = await run(['channel', 'list', '--data', server.data], { env: { DRIPLINE_MASTER_KEY_FILE: kept } });
  assert.equal(channel.code, 0, 'the environment tells commands as it tells the server');
  const refused = await change(server, '--master-key-file', kept);
  assert.equal(refused.code, 65, `where does the new one go? ${refused.stderr}`);
  chmodSync(own, 0o600);
  server.options.args = ['--master-key-file', kept];
  await server.start();
});

test('whatever is sealed in the code is sealed anew by a change of the key', () => {
  const sources = readdirSync(new URL('../src', import.meta.url), { recursive: false }).flatMap((folder) => {
    const path = new URL(`../src/${folder}/`, import.meta.url);
    return statSync(path.pathname.replace(/\/$/, '')).isDirectory() ? readdirSync(path).filter((name) => name.endsWith('.c') && !name.endsWith('_test.c')).map((name) => [`${folder}/${name}`, readFileSync(new URL(name, path), 'utf8')]) : [];
  });
  const seals = sources.filter(([name, text]) => name !== 'base/crypto.c' && /\bcrypto_seal\(/.test(text)).map(([name]) => name).sort();
  assert.deepEqual(seals, ['delivery/channel_access.c', 'delivery/mail_settings.c', 'delivery/webhook_payload.c', 'service/access_factor.c', 'service/master_key.c'],
    'a new one must be taken up in master_key_change()');
});
