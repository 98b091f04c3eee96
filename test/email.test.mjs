// Mails about alerts, against a mail server of the test's own: settings and their secret, the test
// button's exact words, one mail per alert through failures and kills, and the daily summary.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSequence, startPair, upload } from './lib/drip.mjs';
import { freePort, run, temporaryFolder, until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';
import { makeCertificate, startSmtp } from './lib/smtp.mjs';

const SECRET = 'canary-Pa55word';
const put = (server, body) => server.api('PUT', '/api/settings/email', body);
const tryOut = async (server, body) => {
  const answer = await server.api('POST', '/api/settings/email/test', body);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
};
const pause = async (server, paused) => {
  assert.equal((await server.api('PUT', '/api/settings', { sending_paused: paused })).status, 200);
  await until(async () => (await server.api('GET', '/api/alerts')).body.data.some((alert) => alert.kind === 'sending_paused') === paused, `alert ${paused}`);
};
const about = (smtp, word) => smtp.mails.filter((mail) => mail.headers.subject.includes(word));

async function connect(server, smtp, more = {}) {
  const answer = await put(server, { enabled: true, host: '127.0.0.1', port: smtp.port, security: 'none', from: 'drip@example.org', recipients: ['anna@example.org'], severities: ['info', 'warning', 'critical'], ...more });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

test('settings of mails: what is refused, and a password that never comes back', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t);
  const empty = await server.api('GET', '/api/settings/email');
  assert.equal(empty.status, 200);
  assert.equal(empty.body.enabled, false);
  assert.equal(empty.body.password_set, false);
  const bad = [
    [{ enabled: true }, 'host'], [{ host: 'mail.example.org/x' }, 'host'], [{ host: 'a b' }, 'host'], [{ host: 'x\r\ny' }, 'host'], [{ port: 0 }, 'port'],
    [{ security: 'ssl' }, 'security'], [{ host: 'mail.example.org', security: 'none' }, 'security'], [{ from: 'a@b\r\nBcc: c@d' }, 'from'], [{ from: 'Anna <a@b.org>' }, 'from'],
    [{ recipients: ['a@b.org', 'nobody'] }, 'recipients'], [{ recipients: ['a@b.org>\r\nRCPT TO:<c@d.org'] }, 'recipients'], [{ severities: ['loud'] }, 'severities'],
    [{ digest_time: '25:00' }, 'digest_time'], [{ user: 'a\nb' }, 'user'], [{ password: 'a\r\nb' }, 'password'], [{ passwort: 'x' }, 'passwort'],
  ];
  for (const [body, field] of bad) {
    const answer = await put(server, body);
    assert.equal(answer.status, 422, `${JSON.stringify(body)} ${answer.text}`);
    assert.ok(answer.body.errors.some((error) => error.field === field), `${field}: ${answer.text}`);
  }
  const good = await put(server, { host: 'mail.example.org', port: 587, security: 'starttls', user: 'drip', password: SECRET, from: 'drip@example.org', recipients: ['anna@example.org', 'ANNA@example.org', 'ben@example.org'] });
  assert.equal(good.status, 200, good.text);
  assert.equal(good.body.password_set, true);
  assert.deepEqual(good.body.recipients, ['anna@example.org', 'ben@example.org']);
  assert.deepEqual(good.body.severities, ['warning', 'critical'], 'what is told when nobody chose');
  const seen = [good.text, (await server.api('GET', '/api/settings/email')).text, (await server.api('GET', '/api/audit')).text, (await server.api('GET', '/api/settings')).text, server.daemon.log];
  for (const text of seen) assert.ok(!text.includes(SECRET));
  // The password was given for one host and goes to no other.
  const kept = await put(server, { port: 2525 });
  assert.equal(kept.body.password_set, true);
  const moved = await put(server, { host: 'other.example.org' });
  assert.equal(moved.body.password_set, false);
  await server.stop();
  assert.equal(execFileSync('sh', ['-c', `grep -rl "${SECRET}" ${server.data} || true`]).toString(), '', 'the password stands in no file');
});

test('the test button says what the mail server says', { timeout: 600_000 }, async (t) => {
  const certificate = makeCertificate(temporaryFolder(t));
  const login = { user: 'drip', password: SECRET };
  const plain = await startSmtp(t, { login });
  const elsewhere = makeCertificate(temporaryFolder(t), 'DNS:elsewhere.example');
  const trusted = join(temporaryFolder(t), 'trusted.pem');
  writeFileSync(trusted, Buffer.concat([certificate.cert, elsewhere.cert]));
  const server = await startServer(t, { args: ['--ca-file', trusted] });
  assert.equal((await server.api('POST', '/api/settings/email/test')).status, 409);
  await connect(server, plain, { enabled: false, user: 'drip', password: 'wrong' });
  const denied = await tryOut(server);
  assert.deepEqual([denied.ok, denied.stage, denied.server_code, denied.server_answer], [false, 'login', 535, '535 5.7.8 user or password is wrong']);
  await put(server, { password: SECRET });
  const taken = await tryOut(server, { recipient: 'carl@example.org' });
  assert.deepEqual([taken.ok, taken.stage, taken.server_code, taken.message], [true, 'done', 250, null], JSON.stringify(taken));
  assert.deepEqual(plain.mails[0].to, ['carl@example.org']);
  assert.equal(plain.mails[0].user, 'drip');
  plain.answer = (stage) => (stage === 'rcpt' ? '550 5.1.1 no such user here' : undefined);
  const nobody = await tryOut(server);
  assert.deepEqual([nobody.ok, nobody.stage, nobody.server_answer], [false, 'envelope', '550 5.1.1 no such user here']);
  plain.answer = (stage) => (stage === 'content' ? '554 5.6.0 we do not like it' : undefined);
  assert.deepEqual([(await tryOut(server)).stage, (await tryOut(server)).server_answer], ['data', '554 5.6.0 we do not like it']);
  plain.answer = () => undefined;
  await put(server, { security: 'starttls' });
  const bare = await tryOut(server);
  assert.deepEqual([bare.ok, bare.stage], [false, 'tls'], 'no fallback to plain text');
  assert.match(bare.message, /STARTTLS/);
  assert.equal((await server.api('POST', '/api/settings/email/test', { recipient: 'x' })).status, 422);
  await put(server, { port: await freePort(), security: 'none' });
  const refused = await tryOut(server);
  assert.deepEqual([refused.ok, refused.stage, refused.server_code], [false, 'connect', null]);
  await put(server, { host: 'nowhere.invalid', security: 'tls', port: 465 });
  assert.equal((await tryOut(server)).stage, 'resolve');

  const secure = await startSmtp(t, { certificate, security: 'starttls', login });
  await put(server, { host: 'localhost', port: secure.port, security: 'starttls', user: 'drip', password: SECRET });
  assert.equal((await tryOut(server)).ok, true);
  assert.deepEqual([secure.mails[0].secure, secure.mails[0].user], [true, 'drip']);
  const tls = await startSmtp(t, { certificate, security: 'tls', login });
  await put(server, { port: tls.port, security: 'tls' });
  assert.equal((await tryOut(server)).ok, true);
  const stranger = await startSmtp(t, { certificate: makeCertificate(temporaryFolder(t)), security: 'tls' });
  await put(server, { port: stranger.port });
  const unknown = await tryOut(server);
  assert.deepEqual([unknown.ok, unknown.stage], [false, 'tls'], JSON.stringify(unknown));
  const misnamed = await startSmtp(t, { certificate: elsewhere, security: 'tls' });
  await put(server, { port: misnamed.port });
  const wrongName = await tryOut(server);
  assert.deepEqual([wrongName.ok, wrongName.stage], [false, 'tls'], JSON.stringify(wrongName));
  assert.equal(stranger.mails.length + misnamed.mails.length, 0);
  assert.ok((await server.api('GET', '/api/audit?action=settings.email_test')).body.data.length >= 10);
});

test('an alert is told when it opens and when it closes, once to each', { timeout: 600_000 }, async (t) => {
  const smtp = await startSmtp(t);
  const { server, channel } = await startPair(t);
  await server.api('PUT', '/api/settings', { name: 'Clinic ❤ नमस्ते', timezone: 'Asia/Kolkata', public_url: 'https://drip.example.org' });
  await connect(server, smtp, { recipients: ['anna@example.org', 'ben@example.org'] });
  await pause(server, true);
  await until(() => about(smtp, 'All sending is paused').length === 2, 'both hear of it');
  await pause(server, false);
  await until(() => about(smtp, 'Over: All sending is paused').length === 2, 'both hear of its end');
  assert.deepEqual(smtp.mails.map((mail) => mail.to).flat().sort(), ['anna@example.org', 'anna@example.org', 'ben@example.org', 'ben@example.org']);
  const [opened] = smtp.mails.filter((mail) => mail.to[0] === 'anna@example.org');
  const closed = smtp.mails.filter((mail) => mail.to[0] === 'anna@example.org')[1];
  assert.equal(opened.headers.subject, '[Clinic ❤ नमस्ते] All sending is paused');
  assert.equal(opened.headers['auto-submitted'], 'auto-generated');
  assert.match(opened.headers.date, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
  assert.match(opened.headers['message-id'], /^<[\w.-]+@example\.org>$/);
  assert.equal(closed.headers['in-reply-to'], opened.headers['message-id']);
  assert.equal(new Set(smtp.mails.map((mail) => mail.headers['message-id'])).size, 4);
  assert.match(opened.body, /Since: +\d{4}-\d\d-\d\d \d\d:\d\d \(Asia\/Kolkata\)\n/);
  assert.match(opened.body, /What to do: Somebody paused it/);
  assert.match(opened.body, /Page: +https:\/\/drip\.example\.org\/settings\n/);
  assert.match(opened.data, /^[\x20-\x7E\r\n]*$/, 'nothing but ASCII on the way');
  assert.ok(opened.data.split('\r\n').every((line) => line.length <= 78));

  // Nobody's number stands in a mail, even if somebody names a channel by it.
  const count = smtp.mails.length;
  await server.api('PUT', `/api/channels/${channel.id}`, { name: 'Shop +91 98765 43210', paused: true });
  await until(() => smtp.mails.length === count + 2, 'the pause is told');
  for (const mail of smtp.mails.slice(count)) {
    assert.match(mail.headers.subject, /Shop \+\*\* \*\*\*\*\* \*\*\*10/);
    assert.doesNotMatch(mail.data.replace(/[\s-]/g, ''), /9876543210/);
  }
  // Only the chosen urgencies.
  await put(server, { severities: ['critical'] });
  const before = smtp.mails.length;
  await pause(server, true);
  await pause(server, false);
  await server.api('PUT', `/api/channels/${channel.id}`, { paused: false });
  await until(() => smtp.mails.length === before + 2, 'the end of what was told is told');
  await until(async () => (await server.api('GET', '/api/settings/email')).body.waiting === 0, 'and nothing else waits'); // what came here is noted there a moment later
  assert.equal(about(smtp, 'All sending').length, 4);
});

test('a server that fails for a while gets the mail later, one that refuses does not, and doubt is never doubled', { timeout: 600_000 }, async (t) => {
  const smtp = await startSmtp(t);
  const server = await startServer(t, { clock: 'manual' });
  await connect(server, smtp);
  const state = () => server.api('GET', '/api/settings/email').then((answer) => answer.body);
  let tries = 0;
  smtp.answer = (stage) => (stage === 'content' && ++tries <= 2 ? '451 4.3.0 come back later' : undefined);
  await pause(server, true);
  await until(async () => (await state()).last_error !== null, 'the first failure');
  assert.match((await state()).last_error, /^data: .*451 4\.3\.0 come back later/);
  assert.equal((await state()).waiting, 1);
  await advance(server, '2m');
  await until(() => tries === 2, 'the second try');
  await until(async () => (await state()).waiting === 1, 'it waits');
  await advance(server, '5m');
  await until(() => smtp.mails.length === 1, 'the third try');
  await until(async () => (await state()).waiting === 0 && (await state()).last_error === null, 'done');

  // The line breaks after all was said: it may have arrived, so it is not said again.
  smtp.answer = (stage) => (stage === 'content' ? 'drop' : undefined);
  await pause(server, false);
  await until(() => smtp.mails.length === 2, 'it arrived');
  await until(async () => /stopped|data/.test((await state()).last_error ?? ''), 'nobody knows');
  smtp.answer = () => undefined;
  await advance(server, '1d');
  assert.equal((await state()).waiting, 0);
  assert.equal(smtp.mails.length, 2);

  // What is refused for good is given up, an alert says so, and the next mail that leaves ends it.
  smtp.answer = (stage) => (stage === 'rcpt' ? '550 no such user' : undefined);
  await pause(server, true);
  const alert = await until(async () => (await server.api('GET', '/api/alerts')).body.data.find((one) => one.kind === 'email_failing'), 'email_failing opens');
  assert.equal(alert.severity, 'warning');
  smtp.answer = () => undefined;
  await pause(server, false);
  await pause(server, true);
  await until(async () => !(await server.api('GET', '/api/alerts')).body.data.some((one) => one.kind === 'email_failing'), 'email_failing closes');
  await until(async () => (await state()).waiting === 0, 'all is said');
  assert.equal(about(smtp, 'Mails about').length, 0, 'no mail about mails');

  // Nobody listens: everything waits, and whoever puts the settings right need not wait.
  await smtp.stop();
  await pause(server, false);
  await until(async () => /^connect: /.test((await state()).last_error ?? ''), 'nobody there');
  const other = await startSmtp(t);
  await put(server, { port: other.port });
  await until(() => other.mails.length === 1, 'it leaves at once');
  await smtp.start();
});

test('a kill doubles nothing and loses only what nobody can know', { timeout: 600_000 }, async (t) => {
  const smtp = await startSmtp(t);
  const server = await startServer(t);
  await connect(server, smtp);
  // Killed before the mail was asked for: it goes again.
  smtp.answer = (stage) => (stage === 'rcpt' ? 'hang' : undefined);
  await pause(server, true);
  await until(() => smtp.lines.some((line) => line.startsWith('RCPT')), 'the talk began');
  await server.kill();
  smtp.answer = () => undefined;
  await server.start();
  await until(() => about(smtp, 'All sending is paused').length === 1, 'it came after all');
  // Killed after the last byte, before the answer: it is there, and does not go again.
  smtp.answer = (stage) => (stage === 'content' ? 'hang' : undefined);
  await pause(server, false);
  await until(() => about(smtp, 'Over:').length === 1, 'all of it left');
  await server.kill();
  smtp.answer = () => undefined;
  await server.start();
  await pause(server, true);
  await until(() => about(smtp, 'All sending is paused').length === 3, 'later ones leave');
  assert.equal(about(smtp, 'Over:').length, 1);
  const ids = smtp.mails.map((mail) => mail.headers['message-id']);
  assert.equal(new Set(ids).size, ids.length);
  // A stop does not wait for a server that hangs.
  smtp.answer = (stage) => (stage === 'greeting' ? 'hang' : undefined);
  const sessions = smtp.sessions;
  await pause(server, false);
  await until(() => smtp.sessions > sessions, 'it hangs');
  assert.equal((await server.stop()).code, 0);
  smtp.answer = () => undefined;
  await server.start();
  await until(() => about(smtp, 'Over:').length === 2, 'and goes after the start');
});

test('the daily summary comes once a day, whatever happens', { timeout: 600_000 }, async (t) => {
  const smtp = await startSmtp(t);
  const { server, channel } = await startPair(t, { seed: 5, faults: { refuse_per_mille: 300, refuse_code: 131026 } });
  const march = `${new Date().getUTCFullYear() + 1}-03`;
  await server.api('POST', '/api/sandbox/clock', { to: `${march}-01T10:00:00Z` });
  await server.api('PUT', '/api/settings', { timezone: 'Asia/Kolkata' });
  await connect(server, smtp, { severities: [], digest_time: '08:00' }); // it is 15:30 there
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, `phone\n${Array.from({ length: 40 }, (_, n) => `91987650${String(n).padStart(4, '0')}`).join('\n')}\n`);
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.pending === 0, 'day 1 is over');
  await advance(server, '1h');
  assert.equal(smtp.mails.length, 0, 'not on the day it was switched on after its time');
  await advance(server, '15h45m'); // 08:15
  const first = await until(() => smtp.mails[0], 'the first summary');
  assert.match(first.headers.subject, new RegExp(`^\\[Dripline\\] \\d+ sent, \\d+ failed, ${march}-02$`));
  const number = (name) => Number(new RegExp(`${name} +(\\d+)\\n`).exec(first.body)?.[1]);
  assert.equal(number('Enrolled'), 40);
  assert.ok(number('Failed') > 3 && number('Sent') > 15, first.body);
  assert.equal(number('Sent') + number('Failed'), 40, first.body);
  assert.match(first.body, new RegExp(`${number('Failed')}  .*131026`));
  assert.match(first.body, new RegExp(`From ${march}-01 0[78]:30 to ${march}-02 07:30`));
  assert.match(first.body, /Open alerts: \d/);
  assert.match(first.body, /Tomorrow: \d+ messages/);
  assert.doesNotMatch(first.data, /9876500/);
  // Killed and started again on the same day: none comes again. The next day: one.
  await server.kill();
  await server.start();
  await advance(server, '2h');
  await advance(server, '21h');
  await advance(server, '1h');
  await until(() => smtp.mails.length === 2, 'the second summary');
  assert.ok(smtp.mails[1].headers.subject.endsWith(`${march}-03`), smtp.mails[1].headers.subject);
  // The server did not run at that time: it comes later on the same day.
  await server.api('PUT', '/api/settings/email', { digest_time: null });
  await advance(server, '2d');
  assert.equal(smtp.mails.length, 2, 'it can be switched off');
  await put(server, { digest_time: '06:00' });
  await advance(server, '3d');
  await until(() => smtp.mails.length >= 3, 'on again');
  const days = smtp.mails.map((mail) => /\d{4}-\d\d-\d\d$/.exec(mail.headers.subject)[0]);
  assert.equal(new Set(days).size, days.length, days.join(' '));
});

test('the command line sets up mails too', { timeout: 600_000 }, async (t) => {
  const smtp = await startSmtp(t, { login: { user: 'drip', password: SECRET } });
  const server = await startServer(t);
  const command = (args, input) => run(['email', ...args, '--data', server.data], { input });
  const set = await command(['set', '--host', '127.0.0.1', '--port', String(smtp.port), '--security', 'none', '--user', 'drip', '--password-stdin', '--from', 'drip@example.org', '--to', 'anna@example.org,ben@example.org', '--severities', 'critical', '--digest', '07:30', '--on'], `${SECRET}\n`);
  assert.equal(set.code, 0, set.stderr);
  const shown = await command(['show', '--json']);
  assert.equal(shown.code, 0, shown.stderr);
  const settings = JSON.parse(shown.stdout);
  assert.deepEqual([settings.enabled, settings.password_set, settings.digest_time, settings.recipients.length], [true, true, '07:30', 2]);
  const sent = await command(['test']);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /250 taken/);
  assert.deepEqual(smtp.mails[0].to, ['anna@example.org']);
  const wrong = await command(['set', '--password-stdin'], 'nonsense\n');
  assert.equal(wrong.code, 0, wrong.stderr);
  const failed = await command(['test', '--to', 'carl@example.org']);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /login: .*535 5\.7\.8 user or password is wrong/);
  assert.ok(![set, shown, sent, wrong, failed].some((one) => (one.stdout + one.stderr).includes(SECRET)));
  const off = await command(['set', '--off']);
  assert.equal(off.code, 0, off.stderr);
  assert.equal((await server.api('GET', '/api/settings/email')).body.enabled, false);
});
