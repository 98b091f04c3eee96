// Two-step sign-in from outside: switched on with the app's code, asked for at the sign-in, each code
// once, ten recovery codes once each, reset by another administrator, the seed sealed on disk.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from './lib/process.mjs';
import { client, startServer } from './lib/server.mjs';
import { calmStep, totp, unbase32 } from './lib/totp.mjs';

const PASSWORD = 'a long first password';
const OWN = { 'sec-fetch-site': 'same-origin' };

async function startWithUser(t, role = 'editor') {
  const server = await startServer(t, { args: ['--trusted-proxies', '127.0.0.1'] });
  const email = `${role}@clinic.example`;
  const made = await server.api('POST', '/api/users', { email, role, password: PASSWORD });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.body.second_factor, false);
  const plain = client(server.base);
  let address = 0;
  const login = (more = {}) => plain('POST', '/api/login', { email, password: PASSWORD, ...more }, { ...OWN, 'x-forwarded-for': `203.0.113.${(address = (address % 250) + 1)}` });
  const as = (answer) => {
    const cookie = answer.headers.get('set-cookie').split(';')[0];
    return (method, path, body, headers = {}) => plain(method, path, body, { cookie, ...OWN, ...headers });
  };
  return { server, email, id: made.body.id, login, as };
}

async function switchOn({ login, as }) {
  const me = as(await login());
  const begun = await me('POST', '/api/me/second-factor', { current_password: PASSWORD });
  assert.equal(begun.status, 201, begun.text);
  await calmStep();
  const confirmed = await me('POST', '/api/me/second-factor/confirm', { code: totp(begun.body.secret) });
  assert.equal(confirmed.status, 200, confirmed.text);
  return { me, secret: begun.body.secret, uri: begun.body.uri, codes: confirmed.body.recovery_codes };
}

test('switched on by a code of the app, asked for from then on, each code once', async (t) => {
  const all = await startWithUser(t);
  const { server, email, id, login, as } = all;
  const first = as(await login());
  const elsewhere = as(await login());
  assert.equal((await first('POST', '/api/me/second-factor', { current_password: 'something else here' })).status, 403);
  assert.equal((await first('POST', '/api/me/second-factor/confirm', { code: '123456' })).status, 409, 'nothing was begun');
  const begun = await first('POST', '/api/me/second-factor', { current_password: PASSWORD });
  assert.equal(begun.status, 201, begun.text);
  assert.equal(unbase32(begun.body.secret).length, 20);
  const uri = new URL(begun.body.uri);
  assert.equal(uri.protocol, 'otpauth:');
  assert.equal(uri.searchParams.get('secret'), begun.body.secret);
  assert.ok(decodeURIComponent(uri.pathname).endsWith(`:${email}`));
  assert.equal((await login()).status, 200, 'not asked for before it is confirmed');
  const secret = begun.body.secret;
  assert.equal((await first('POST', '/api/me/second-factor/confirm', { code: String((Number(totp(secret)) + 1) % 1e6).padStart(6, '0') })).status, 422);
  await calmStep();
  for (const steps of [-3, 3]) {
    assert.equal((await first('POST', '/api/me/second-factor/confirm', { code: totp(secret, steps) })).status, 422, `a code of ${steps} half minutes from now`);
  }
  const confirming = totp(secret);
  const confirmed = await first('POST', '/api/me/second-factor/confirm', { code: confirming });
  assert.equal(confirmed.status, 200, confirmed.text);
  assert.equal(new Set(confirmed.body.recovery_codes).size, 10);
  assert.equal((await first('GET', '/api/me')).body.user.second_factor, true);
  assert.equal((await elsewhere('GET', '/api/me')).status, 401, 'other sessions ended');
  assert.equal((await first('POST', '/api/me/second-factor', { current_password: PASSWORD })).status, 409, 'on already');

  const asked = await login();
  assert.equal(asked.status, 401);
  assert.equal(asked.body.code, 'second_factor_required');
  assert.equal(asked.headers.get('set-cookie'), null);
  const wrong = await login({ password: 'not the password' });
  assert.equal(wrong.body.code, 'unauthenticated', 'a wrong password does not tell that there is a second step');
  const spent = await login({ code: confirming });
  assert.equal(spent.body.code, 'second_factor_wrong', 'the code of the confirmation was taken');
  for (const code of ['abcdef', '', totp(secret, -3)]) {
    const answer = await login({ code });
    assert.equal(answer.status, 401, `${code}: ${answer.text}`);
  }
  const next = totp(secret, 1); // the app's clock is ahead by less than one step
  assert.equal((await login({ code: next })).status, 200);
  assert.equal((await login({ code: next })).body.code, 'second_factor_wrong', 'the same code again, within its step');
  assert.equal((await login({ code: totp(secret) })).body.code, 'second_factor_wrong', 'an older code after a newer one');

  const code = confirmed.body.recovery_codes[3];
  const recovered = await login({ code: code.toUpperCase().replace('-', ' ') });
  assert.equal(recovered.status, 200, recovered.text);
  assert.equal((await login({ code })).status, 401, 'a recovery code serves once');
  const audit = await server.api('GET', '/api/audit?action=second_factor');
  assert.deepEqual(audit.body.data.map((line) => line.action).sort(), ['second_factor.on', 'second_factor.recovery_code']);
  assert.ok(audit.body.data.every((line) => line.object === id));
  const failed = await server.api('GET', '/api/audit?action=login.failed');
  assert.ok(failed.body.data.length >= 5);

  const me = as(recovered);
  assert.equal((await me('POST', '/api/me/second-factor/remove', { current_password: PASSWORD, code: '000000' })).status, 422);
  assert.equal((await me('POST', '/api/me/second-factor/remove', { current_password: 'not the password', code: confirmed.body.recovery_codes[4] })).status, 403);
  assert.equal((await me('POST', '/api/me/second-factor/remove', { current_password: PASSWORD, code: confirmed.body.recovery_codes[4] })).status, 204);
  assert.equal((await login()).status, 200);
  assert.equal((await me('POST', '/api/me/second-factor/remove', { current_password: PASSWORD, code: 'x' })).status, 404);
});

test('codes cannot be guessed: wrong ones are counted wherever they come from', async (t) => {
  const all = await startWithUser(t);
  const { secret, codes } = await switchOn(all);
  let limited = null;
  for (let i = 0; i < 15 && !limited; i++) {
    const answer = await all.login({ code: '000000' });
    if (answer.status === 429) limited = answer;
    else assert.equal(answer.status, 401);
  }
  assert.ok(limited, 'the account is limited, from fifteen addresses');
  assert.ok(Number(limited.headers.get('retry-after')) > 0);
  assert.equal((await all.login({ code: codes[0] })).status, 429);
  assert.equal((await all.login({ code: totp(secret, 1) })).status, 429);
});

test('another administrator resets it; the seed is on disk only sealed', async (t) => {
  const all = await startWithUser(t, 'admin');
  const { server, email, id } = all;
  const { me, secret, codes } = await switchOn(all);
  assert.equal((await me('DELETE', `/api/users/${id}/second-factor`)).status, 409, 'not one’s own, without password and code');
  const kept = readdirSync(server.data).filter((name) => /^dripline\.db/.test(name)).map((name) => readFileSync(join(server.data, name)));
  for (const word of [secret, unbase32(secret), codes[0], codes[0].replace('-', '')]) {
    for (const bytes of kept) assert.ok(!bytes.includes(word), 'neither the seed nor a recovery code stands in the database');
  }
  assert.ok(!server.daemon.log.includes(secret));
  assert.equal((await server.api('DELETE', `/api/users/${id}/second-factor`)).status, 204);
  assert.equal((await server.api('DELETE', `/api/users/${id}/second-factor`)).status, 404);
  assert.equal((await all.login()).status, 200);
  const again = await switchOn(all);
  assert.notEqual(again.secret, secret);
  const reset = await run(['user', 'reset-second-factor', email, '--data', server.data]);
  assert.equal(reset.code, 0, reset.stderr);
  assert.match(reset.stdout, /password alone/);
  assert.equal((await all.login()).status, 200);
  const audit = await server.api('GET', `/api/audit?action=second_factor.off&object=${id}`);
  assert.deepEqual(audit.body.data.map((line) => line.actor.kind ?? line.actor_kind).sort(), ['cli', 'key']);
  // The sealed seed belongs to its user: in another's row it opens nothing.
  await server.api('POST', '/api/users', { email: 'eve@clinic.example', role: 'admin', password: PASSWORD });
  await switchOn(all);
  await server.stop();
  const moved = await run([join(server.data, 'dripline.db'), `PRAGMA ignore_check_constraints=1; UPDATE user_totp SET user_id = (SELECT id FROM user_account WHERE email = 'eve@clinic.example')`], { binary: 'sqlite3' });
  assert.equal(moved.code, 0, moved.stderr);
  await server.start();
  const eve = await client(server.base)('POST', '/api/login', { email: 'eve@clinic.example', password: PASSWORD, code: '123456' }, OWN);
  assert.ok([401, 403, 500].includes(eve.status) && !eve.headers.get('set-cookie'), eve.text);
});
