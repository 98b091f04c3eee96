// Signing in, seen from outside: passwords, guessing, floods, and what a stranger can learn.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { movableClock } from './lib/clock.mjs';
import { addUser, BEHIND, fromAfar, OWN, PASSWORD, postLogin, signIn, sql } from './lib/users.mjs';
import { until } from './lib/process.mjs';
import { client, startServer } from './lib/server.mjs';

const residentMib = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

test('passwords are stored with Argon2id, and a flood of sign-ins costs little memory and starves nobody', async (t) => {
  const server = await startServer(t, { args: [...BEHIND, '--anonymous-rate-limit', '0', '--connections-per-address', '1024'] });
  const { email } = await addUser(server, 'flood');
  assert.match(await sql(server, `SELECT password_hash FROM user_account WHERE email = '${email}'`), /^\$argon2id\$v=19\$m=65536,t=2,p=1\$/);
  await signIn(server, email);
  const before = residentMib(server.daemon.child.pid);
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMib(server.daemon.child.pid))), 5);
  const flood = Promise.all(Array.from({ length: 200 }, () => postLogin(server, { email, password: 'not the password' }, fromAfar())));
  let done = false;
  flood.finally(() => (done = true));
  let probes = 0;
  while (!done) {
    assert.equal((await server.api('GET', '/api/me')).status, 200, 'others are answered meanwhile');
    probes++;
  }
  clearInterval(watch);
  const answers = await flood;
  const statuses = answers.map((answer) => answer.status);
  assert.deepEqual([...new Set(statuses)].sort(), [401, 429], 'each is checked or told to wait');
  for (const answer of answers.filter((one) => one.status === 429)) assert.ok(Number(answer.headers.get('retry-after')) > 0);
  assert.ok(most <= before + 160, `${before.toFixed()} MiB before, at most ${most.toFixed()} MiB`);
  assert.ok(probes >= 3, `${probes} other calls meanwhile`);
  t.diagnostic(`${before.toFixed()} MiB before, ${most.toFixed()} at most; ${statuses.filter((one) => one === 429).length} told to wait; ${probes} other calls`);
});

test('an older, cheaper hash is renewed at the next sign-in', async (t) => {
  const server = await startServer(t);
  const { email } = await addUser(server, 'old');
  const stored = () => sql(server, `SELECT password_hash FROM user_account WHERE email = '${email}'`);
  // Of the same password at 19 MiB, made once by libsodium.
  const cheap = '$argon2id$v=19$m=19456,t=2,p=1$yFQU2voM27ixXw+DSke89A$neAzki9wkoa7Lb6DAFVRYkeICVgtgOZRcRc501vKfco';
  await server.stop();
  await sql(server, `UPDATE user_account SET password_hash = '${cheap}' WHERE email = '${email}'`);
  await server.start();
  assert.equal((await postLogin(server, { email, password: 'not the password' })).status, 401);
  assert.equal(await stored(), cheap);
  assert.equal((await postLogin(server, { email, password: PASSWORD })).status, 200);
  assert.match(await stored(), /^\$argon2id\$v=19\$m=65536,t=2,p=1\$/);
  assert.equal((await postLogin(server, { email, password: PASSWORD })).status, 200, 'and the new one is good');
});

test('which passwords are taken', async (t) => {
  const server = await startServer(t, { args: ['--rate-limit', '0'] });
  let n = 0;
  const make = (password) => server.api('POST', '/api/users', { email: `p${n++}@clinic.example`, role: 'viewer', password });
  const rows = [
    ['elevenchars', 'too_short'], ['é'.repeat(11), 'too_short'], ['q8#'.repeat(4) + 'x'.repeat(1013), 'too_long'],
    ['password1234', 'too_common'], ['Password1234!', 'too_common'], ['qwertyuiop123', 'too_common'], ['123456789012', 'too_common'], ['dripline2026', 'too_common'],
    ['WhatsApp-2026', 'too_common'], ['aaaaaaaaaaaa', 'too_common'], ['abcabcabcabc', 'too_common'], ['motherfucker', 'too_common'], ['letmein!!!!!', 'too_common'],
  ];
  for (const [password, code] of rows) {
    const answer = await make(password);
    assert.equal(answer.status, 422, `${password.slice(0, 30)}: ${answer.text}`);
    assert.deepEqual(answer.body.errors.map((one) => [one.field, one.code]), [['password', code]], password.slice(0, 30));
  }
  // Some of those that stand on the lists as they are.
  for (const word of ['123qwe123qwe', '1qaz2wsx3edc', 'cosmopolitan', 'ghjcnjgbpltw', 'leavemealone', 'nick1234-rem936', 'philadelphia', 'professional', 'qawsedrftgyh', 'thecakeisalie'])
    assert.equal((await make(word)).body.errors?.[0].code, 'too_common', word);
  const good = ['correct horse battery', 'twelve chars', '७४९२ मेरा लंबा शब्द', `${'y7 '.repeat(341)}z`, ' leading and trailing ', '7492 monkey 1905 8833'];
  for (const password of good) {
    const email = `p${n}@clinic.example`;
    const made = await make(password);
    assert.equal(made.status, 201, `${password.slice(0, 40)}: ${made.text}`);
    assert.equal((await postLogin(server, { email, password })).status, 200, 'as it was typed');
    if (password.length < 1000) assert.equal((await postLogin(server, { email, password: password.trim() === password ? `${password} ` : password.trim() })).status, 401, 'nothing is trimmed');
  }
  // Old hash functions look at 72 bytes, or at those before a NUL.
  const long = 'ab3 '.repeat(18);
  assert.equal(long.length, 72);
  const { email } = await addUser(server, 'long');
  const id = (await server.api('GET', '/api/users')).body.data.find((user) => user.email === email).id;
  assert.equal((await server.api('PUT', `/api/users/${id}`, { password: `${long}x` })).status, 200);
  assert.equal((await postLogin(server, { email, password: `${long}y` })).status, 401);
  assert.equal((await postLogin(server, { email, password: long })).status, 401);
  assert.equal((await postLogin(server, { email, password: `${long}x` })).status, 200);
  assert.equal((await server.api('PUT', `/api/users/${id}`, { password: 'first part\0second part' })).status, 400, 'a NUL is refused, not cut at');
});

test('nobody can sign in to a fresh server; its one-time link works once', async (t) => {
  const server = await startServer(t, { args: BEHIND });
  for (const [name, password] of [['admin', 'admin'], ['admin', 'password'], ['root', 'root'], ['dripline', 'dripline'], ['admin@localhost', 'admin'], ['admin@example.org', 'changeme']]) {
    const answer = await postLogin(server, { email: name.includes('@') ? name : `${name}@example.org`, password }, fromAfar());
    assert.equal(answer.status, 401);
  }
  assert.equal(await sql(server, 'SELECT count(*) FROM user_account'), '0');
  const token = /setup#token=(\S+)/.exec(await until(() => /setup#token=\S+/.exec(server.daemon.log)?.[0], 'the link is printed'))[1];
  assert.ok(token.length >= 50);
  const setup = (body) => client(server.base)('POST', '/api/setup', body, OWN);
  const who = { email: 'first@clinic.example', password: PASSWORD };
  assert.equal((await setup({ ...who, token: `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}` })).status, 403);
  assert.equal((await setup({ ...who, token })).status, 201);
  assert.ok([403, 409].includes((await setup({ ...who, email: 'second@clinic.example', token })).status));
  assert.equal(await sql(server, 'SELECT count(*) FROM user_account'), '1');
});

test('the one-time link is good for a quarter of an hour', async (t) => {
  const clock = movableClock(t);
  const server = await startServer(t, { env: clock.env });
  const token = /setup#token=(\S+)/.exec(await until(() => /setup#token=\S+/.exec(server.daemon.log)?.[0], 'the link is printed'))[1];
  const setup = () => client(server.base)('POST', '/api/setup', { email: 'first@clinic.example', password: PASSWORD, token }, OWN);
  clock.set(15 * 60 + 1);
  assert.equal((await setup()).status, 403);
  clock.set(10 * 60);
  assert.equal((await setup()).status, 201);
});

test('a wrong password and an unknown address look the same, also to a clock', async (t) => {
  const server = await startServer(t, { args: [...BEHIND, '--anonymous-rate-limit', '0'] });
  const { email } = await addUser(server, 'known');
  const locked = await addUser(server, 'locked');
  await server.api('PUT', `/api/users/${locked.id}`, { disabled: true });
  const kinds = { known: { email, password: 'not the password' }, unknown: { email: 'nobody@clinic.example', password: 'not the password' }, locked: { email: locked.email, password: PASSWORD } };
  const times = { known: [], unknown: [], locked: [] };
  const shapes = new Set();
  for (let round = 0; round < 20; round++) {
    for (const [kind, body] of Object.entries(kinds)) {
      const begun = process.hrtime.bigint();
      const answer = await postLogin(server, body, fromAfar());
      times[kind].push(Number(process.hrtime.bigint() - begun) / 1e6);
      const { instance, request_id: _, ...rest } = answer.body;
      shapes.add(JSON.stringify([answer.status, rest, [...answer.headers.keys()].filter((name) => name !== 'date').sort()]));
    }
  }
  assert.equal(shapes.size, 1, [...shapes].join('\n'));
  const medians = Object.fromEntries(Object.entries(times).map(([kind, list]) => [kind, median(list)]));
  t.diagnostic(JSON.stringify(medians));
  // One hash costs tens of milliseconds: leaving it out would halve the time at least.
  for (const kind of ['unknown', 'locked']) assert.ok(medians[kind] > medians.known / 2 && medians[kind] < medians.known * 2, JSON.stringify(medians));
});

test('guessing slows the guesser, and locks nobody out', async (t) => {
  const server = await startServer(t, { args: BEHIND });
  const { email } = await addUser(server, 'target');
  const thief = { 'x-forwarded-for': '203.0.113.66' };
  const statuses = [];
  for (let i = 0; i < 7; i++) statuses.push((await postLogin(server, { email, password: `wrong password ${i}` }, thief)).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
  const told = await postLogin(server, { email, password: PASSWORD }, thief);
  assert.equal(told.status, 429, 'also with the right one');
  const first = Number(told.headers.get('retry-after'));
  assert.ok(first > 0 && first <= 15, `${first}`);
  assert.equal((await postLogin(server, { email, password: PASSWORD }, { 'x-forwarded-for': '198.51.100.7' })).status, 200, 'its owner, from elsewhere');
  // The wait ends as it was told, and one more wrong try makes the next one longer.
  await until(async () => (await postLogin(server, { email, password: 'wrong password 8' }, thief)).status === 401, 'the end of the first wait', 60_000, 500);
  const since = Date.now();
  const longer = Number((await postLogin(server, { email, password: PASSWORD }, thief)).headers.get('retry-after'));
  assert.ok(longer <= 30 && longer + (Date.now() - since) / 1000 > 15, `${first} s, then ${longer} s`);
  // One address, many accounts.
  const seen = new Set();
  for (let i = 0; i < 25; i++) seen.add((await postLogin(server, { email: `guess${i}@clinic.example`, password: 'wrong password' }, { 'x-forwarded-for': '203.0.113.67' })).status);
  assert.ok(seen.has(429), 'an address is limited over all accounts');
});
