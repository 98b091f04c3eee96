// The program file itself: how it was built, which dangerous functions it uses, which libraries it
// needs; the running process: what it shows of itself to others on the machine; and what it does
// with credentials: those that it sends, and those that were moved to another row.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import test from 'node:test';
import { makeChannel, makeSequence } from './lib/drip.mjs';
import { BINARY, atEnd, freePort, run, temporaryFolder, until } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const tool = (name, ...args) => execFileSync(name, args, { encoding: 'utf8', maxBuffer: 64 << 20, env: { ...process.env, LC_ALL: 'C' } });
const names = tool('nm', '-D', BINARY);
const sanitized = /__asan_|__tsan_/.test(names);

test('the program is built so that a memory error is hard to use', { skip: sanitized && 'a sanitized build' }, () => {
  const headers = tool('readelf', '-W', '-h', '-l', '-d', BINARY);
  assert.match(headers, /Type:\s+DYN/, 'loaded at a random address');
  assert.match(headers, /GNU_STACK\s+\S+ \S+ \S+ \S+ \S+ RW\s/, 'the stack holds no code');
  assert.match(headers, /GNU_RELRO/, 'tables are read-only ...');
  assert.match(headers, /BIND_NOW|FLAGS_1.*NOW/, '... before anything runs');
  assert.doesNotMatch(headers, /TEXTREL|RPATH|RUNPATH/);
  assert.doesNotMatch(headers, / RWE /, 'no memory is both written and run');
  assert.match(names, /__stack_chk_fail/, 'stacks carry canaries');
  if (process.arch === 'x64') assert.match(tool('objdump', '-d', '--disassemble=main', BINARY), /<main>:\s+\S+:\s+f3 0f 1e fa\s+endbr64/, 'jumps are guarded');
  const checked = names.match(/ U __\w+_chk\b/g) ?? [];
  assert.ok(checked.length >= 3, `copies are checked: ${checked}`);
});

test('no function that has no place in safe C is used', () => {
  const banned = /^(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|gets|strtok|strtok_r|atoi|atol|strtol|strtoul|system|popen|alloca|mktemp|tmpnam|tempnam|scanf|sscanf|fscanf|rand|srand|random|execve?|execv?p|execl[ep]?|fork|vfork|posix_spawnp?|gmtime|localtime|asctime|ctime|setjmp|longjmp|getenv_r)(@.*)?$/;
  const used = [...names.matchAll(/ [UW] (\S+)/g)].map(([, name]) => name.replace(/^__isoc99_/, '').replace(/^__(\w+)_chk/, '$1'));
  assert.ok(used.length > 100, 'the list is read');
  const own = used.filter((name) => banned.test(name));
  assert.deepEqual(sanitized ? [] : own, []);
});

test('every library that is linked stands in docs/dependencies.md, and none that is not', { skip: sanitized && 'a sanitized build' }, () => {
  const page = readFileSync(new URL('../docs/dependencies.md', import.meta.url), 'utf8').replace(/^[^]*?(?=^\|)/m, '').split('\n\n')[0]; // the first table
  const WORDS = { libmicrohttpd: 'libmicrohttpd', 'libcurl(-gnutls)?': 'libcurl', libjansson: 'jansson', libsqlite3: 'SQLite', libsodium: 'libsodium', libz: 'zlib', libpq: 'libpq', libbrotli: 'brotli', libnettle: 'nettle' };
  const linked = [...tool('readelf', '-d', BINARY).matchAll(/NEEDED.*\[(lib[^\]]+?)\.so/g)].map(([, name]) => name);
  const C = ['libc', 'libm', 'libpthread', 'libdl', 'ld-linux-x86-64'];
  for (const name of linked.filter((one) => !C.includes(one))) {
    const word = Object.entries(WORDS).find(([pattern]) => new RegExp(`^${pattern}$`).test(name))?.[1];
    assert.ok(word, `${name} is a new library: give it a row in docs/dependencies.md and a word here`);
    assert.match(page, new RegExp(`^\\| ${word}[ |]`, 'm'), `docs/dependencies.md has a row for ${word}`);
  }
  const rows = [...page.matchAll(/^\| (\w+)/gm)].map(([, word]) => word).filter((word) => !['library', 'tzdata'].includes(word));
  for (const word of rows) {
    const pattern = Object.entries(WORDS).find(([, known]) => known === word)?.[0];
    assert.ok(linked.some((name) => new RegExp(`^${pattern}$`).test(name)), `${word} has a row and is linked`);
  }
  for (const row of page.split('\n').filter((line) => /^\| \w+ /.test(line) && !/^\| library/.test(line))) {
    assert.ok(row.split('|').slice(1, -1).every((cell) => cell.trim() !== ''), `licence, keeper and reason are given: ${row}`);
  }
});

test('others on the machine read no secret off the process', { skip: sanitized && 'a sanitized build can be traced' }, async (t) => {
  const server = await startServer(t, { env: { DRIPLINE_CANARY: 'x' } });
  const secrets = { access_token: 'EAAprocessCanaryToken77', app_secret: 'processcanarysecret88', verify_token: 'process-canary-verify' };
  assert.equal((await server.api('POST', '/api/channels', { name: 'n', provider: 'cloud', phone_number_id: '1', waba_id: '2', base_url: 'http://127.0.0.1:9', ...secrets })).status, 201);
  const master = readFileSync(join(server.data, 'master.key'), 'utf8').trim();
  const proc = (name) => { try { return readFileSync(`/proc/${server.daemon.pid}/${name}`, 'latin1'); } catch (error) { assert.equal(error.code, 'EACCES'); return ''; } };
  for (const name of ['cmdline', 'environ', 'maps']) {
    for (const secret of [...Object.values(secrets), master, server.key]) assert.ok(!proc(name).includes(secret), `${name} holds no secret`);
  }
  assert.match(proc('limits'), /Max core file size\s+0\s/, 'no core files');
  assert.equal(/CoreDumping:\s+(\d)/.exec(proc('status'))?.[1] ?? '0', '0');
  assert.match(proc('status'), /NoNewPrivs:\s+1/, 'it can gain no rights');
  assert.match(proc('status'), /Seccomp:\s+2/, 'and makes only the system calls it has a use for');
  assert.ok(/Max open files\s+(\d+)\s+(\d+)/.exec(proc('limits')).slice(1).every((value, _, both) => value === both[0]), 'connections may take the files there are');
  for (const file of ['', 'dripline.db', 'master.key', 'dripline.sock', 'intent.journal']) {
    const mode = tool('stat', '-c', '%a', join(server.data, file)).trim();
    assert.match(mode, /00$/, `${file}: ${mode}`);
  }
});

test('a process that was given another key does not start, and says why', async (t) => {
  const server = await startServer(t);
  assert.equal((await server.api('POST', '/api/channels', { name: 'n', provider: 'cloud', phone_number_id: '1', waba_id: '2', base_url: 'http://127.0.0.1:9', access_token: 'a', app_secret: 'b', verify_token: 'c' })).status, 201);
  await server.stop();
  const folder = temporaryFolder(t);
  mkdirSync(folder, { recursive: true });
  const key = join(folder, 'key');
  writeFileSync(key, 'ab'.repeat(32), { mode: 0o400 });
  const refused = await run(['serve', '--data', server.data, '--listen', `127.0.0.1:${await freePort()}`, '--master-key-file', key], { timeoutMs: 180_000 });
  assert.notEqual(refused.code, 0, `it must not run with another key: ${refused.stdout}${refused.stderr}`);
  assert.equal(refused.signal, null, 'it ends by itself');
  assert.match(refused.stderr, /key/i);
  await server.start();
  await until(async () => (await server.api('GET', '/api/channels')).status === 200, 'with its own key it starts');
});

/** A provider that takes every message and keeps what it was asked: {base, asked: [{method, url, bearer, body}]}. */
async function startProvider(t) {
  const asked = [];
  const provider = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    asked.push({ method: request.method, url: new URL(request.url, 'http://provider'), bearer: request.headers.authorization, body });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ messaging_product: 'whatsapp', contacts: [{ input: '1', wa_id: '1' }], messages: [{ id: `wamid.${asked.length}` }] }));
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  atEnd(t, () => { provider.close(); provider.closeAllConnections?.(); });
  return { asked, base: `http://127.0.0.1:${provider.address().port}` };
}
const hmac = (secret, words) => createHmac('sha256', secret).update(words).digest('hex');
const sends = (provider) => provider.asked.filter(({ method, url }) => method === 'POST' && url.pathname.endsWith('/messages'));

/** A channel with secrets of its own, to a provider of its own, and a sequence that sends by it. */
async function startChannel(t, server, name, number) {
  const provider = await startProvider(t);
  const secrets = { access_token: `EAA${name}Token7788`, app_secret: `${name}-app-secret`, verify_token: `${name}-verify` };
  const channel = await makeChannel(server, { base: provider.base, appSecret: secrets.app_secret }, { name, phone_number_id: number, waba_id: `2${number}`, ...secrets });
  return { id: channel.id, provider, secrets, sequence: await makeSequence(server, channel) };
}
const enrol = async (server, sequence, phone) => {
  const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone, name: 'Ann' });
  assert.equal(answer.status, 201, answer.text);
};

test('every message carries the token in its header only, and the proof that we hold the app secret', async (t) => {
  const server = await startServer(t);
  const { provider, secrets, sequence } = await startChannel(t, server, 'proof', '1000000001');
  await enrol(server, sequence, '4915112000001');
  const [send] = await until(() => sends(provider).length > 0 && sends(provider), 'the message is sent');
  assert.deepEqual(send.url.searchParams.getAll('appsecret_proof'), [hmac(secrets.app_secret, secrets.access_token)]);
  assert.equal(send.bearer, `Bearer ${secrets.access_token}`);
  const fresh = { access_token: 'EAAfreshToken9900', app_secret: 'fresh-app-secret' };
  assert.equal((await server.api('PUT', '/api/channels/chan_002', fresh)).status, 200);
  await enrol(server, sequence, '4915112000002');
  const [, next] = await until(() => sends(provider).length > 1 && sends(provider), 'the next message is sent');
  assert.equal(next.bearer, `Bearer ${fresh.access_token}`);
  assert.deepEqual(next.url.searchParams.getAll('appsecret_proof'), [hmac(fresh.app_secret, fresh.access_token)], 'a new proof for new credentials');
  for (const { url, body } of provider.asked) {
    for (const secret of [...Object.values(secrets), ...Object.values(fresh)]) assert.ok(!url.href.includes(secret) && !body.includes(secret), `${url.pathname} holds no secret`);
  }
});

test('credentials that were moved to another channel in the database open nothing', async (t) => {
  const server = await startServer(t);
  const one = await startChannel(t, server, 'one', '1000000001');
  const two = await startChannel(t, server, 'two', '1000000002');
  const numbers = [one, two].map(({ id }) => Number(id.replace('chan_', '')));
  const swap = async () => {
    await server.stop();
    for (const channel of [one, two]) channel.askedBefore = channel.provider.asked.length;
    const [a, b] = numbers;
    execFileSync('sqlite3', [join(server.data, 'dripline.db'), `CREATE TEMP TABLE kept AS SELECT id, secrets FROM channel; UPDATE channel SET secrets = (SELECT secrets FROM kept WHERE kept.id = ${a} + ${b} - channel.id) WHERE id IN (${a}, ${b})`]);
    await server.start();
  };
  await swap();
  const before = [one, two].map(({ askedBefore }) => askedBefore);
  const open = async () => (await server.api('GET', '/api/alerts?status=open')).body.data.find(({ kind }) => kind === 'master_key');
  assert.equal((await until(open, 'an alert says so')).severity, 'critical');
  for (const [index, { id, secrets, sequence }] of [one, two].entries()) {
    await enrol(server, sequence, `491511200001${index}`);
    const tested = await server.api('POST', `/api/channels/${id}/test`);
    assert.ok(tested.status >= 400 || tested.body.ok === false, tested.text);
    const body = '{"object":"whatsapp_business_account","entry":[]}';
    const other = [two, one][index].secrets;
    for (const secret of [secrets.app_secret, other.app_secret]) {
      const answer = await fetch(`${server.base}/webhooks/whatsapp/${id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${hmac(secret, body)}` } });
      assert.ok(answer.status >= 400, `${id}: signed with ${secret}: ${answer.status}`);
    }
    const shake = await fetch(`${server.base}/webhooks/whatsapp/${id}?${new URLSearchParams({ 'hub.mode': 'subscribe', 'hub.challenge': '1', 'hub.verify_token': other.verify_token })}`);
    assert.ok(shake.status >= 400, `${id}: the other's word of the handshake: ${shake.status}`);
  }
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.due === 2, 'both messages are due and stay');
  assert.match(server.daemon.log, /channel\.unusable/);
  assert.deepEqual([one, two].map(({ provider }) => provider.asked.length), before, 'nobody was asked anything');
  await swap();
  await until(async () => !(await open()), 'back in their rows the alert is over');
  for (const { provider, secrets } of [one, two]) {
    await until(() => sends(provider).length === 1, 'and the message leaves');
    assert.equal(sends(provider)[0].bearer, `Bearer ${secrets.access_token}`);
  }
});
