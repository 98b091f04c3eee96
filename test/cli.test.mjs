// The command line as its users call it: exit codes, JSON, files; with a server on the directory and
// without one. Needs nothing but the binary.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BINARY, run, temporaryFolder, until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';

const SEQUENCE = {
  name: 'Welcome', status: 'active', timezone: 'Asia/Kolkata', send_time: '10:00',
  messages: [
    { day: 2, type: 'text', message: 'Hi {name}, reply STOP to end' },
    { day: 4, type: 'text', message: 'Day four' },
  ],
};
const LIST = 'phone,name,city\n+91 98765 43211,Ravi,Delhi\n98765,Bad,\n+91 98765 43212,"Meera, A",Agra\n';

function place(t) {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  writeFileSync(join(folder, 'sequence.json'), JSON.stringify(SEQUENCE));
  writeFileSync(join(folder, 'list.csv'), LIST);
  const call = async (args, options) => run([...args, '--data', data], options);
  const json = async (args, options) => {
    const result = await call([...args, '--json'], options);
    assert.match(result.stdout, /^[\[{]/, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return { ...result, body: JSON.parse(result.stdout) };
  };
  return { folder, data, call, json, path: (name) => join(folder, name) };
}

async function readEach(directory) {
  const read = (name) => JSON.parse(readFileSync(join(directory, name), 'utf8'));
  return { campaigns: read('campaigns.json'), enrollments: read('enrollments.json'), queue: read('message_queue.json') };
}

test('help, usage and exit codes are those that the manual page names', async (t) => {
  const { call } = place(t);
  assert.equal((await run(['help'])).code, 0);
  const nonsense = await run(['nonsense']);
  assert.deepEqual([nonsense.code, nonsense.stdout], [64, '']);
  assert.match(nonsense.stderr, /there is no command nonsense; .*help/);
  assert.match((await run(['sequence', 'sing'])).stderr, /there is no command sequence sing\n.*sequence list/s);
  assert.equal((await run(['import'])).code, 64);
  assert.equal((await run(['import', 'x.csv', '--bogus'])).code, 64);
  assert.equal((await run(['sequence'])).code, 64);
  assert.equal((await call(['sequence', 'show', 'seq_404'])).code, 66);
  assert.equal((await call(['import', 'missing.csv', '--sequence', 'seq_001'])).code, 66);
  const wrong = await call(['enroll', 'seq_001', 'x', '--field', 'novalue']);
  assert.equal(wrong.code, 65);
  for (const command of ['tick', 'sequence list', 'enroll', 'import', 'export', 'verify', 'user add', 'key create', 'channel add', 'man']) {
    const help = await run([...command.split(' '), '--help']);
    assert.equal(help.code, 0, command);
    assert.match(help.stdout, new RegExp(`usage: dripline ${command}`));
    assert.match(help.stdout, /--data/);
  }
  const commands = (await run(['help'])).stdout.match(/^ {2}[a-z-]+(?= )/gm).map((line) => line.trim());
  assert.ok(commands.length > 20, commands.join(' '));
  for (const command of commands) {
    const help = await run([command, '--help']); // also of those that were added later
    assert.deepEqual([command, help.code, help.stderr], [command, 0, '']);
    assert.match(help.stdout, new RegExp(`dripline ${command}|^dripline `));
    for (const [, below] of help.stdout.matchAll(new RegExp(`^ {2}${command} ([a-z-]+) `, 'gm'))) {
      const more = await run([command, below, '--help']);
      assert.equal(more.code, 0, `${command} ${below}`);
      assert.match(more.stdout, new RegExp(`usage: dripline ${command} ${below}`));
    }
  }
  const man = await run(['man']);
  assert.doesNotMatch(man.stdout, /\(null\)/);
  assert.match(man.stdout, /^\.TH DRIPLINE 1/);
  assert.match(man.stdout, /\.SH EXIT STATUS[^]*75\nlocked, busy/);
  const rules = await run(['completion', 'bash']);
  assert.equal(spawnSync('bash', ['-n'], { input: rules.stdout }).status, 0);
  const settings = [...(await run(['serve', '--help'])).stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name]) => name);
  const offered = (words) => spawnSync('bash', ['-c', `${rules.stdout}\nCOMP_WORDS=(${words} --); COMP_CWORD=${words.split(' ').length}; _dripline; echo "\${COMPREPLY[@]}"`], { encoding: 'utf8' }).stdout.trim().split(' ');
  assert.ok(settings.length > 15 && settings.includes('--listen'));
  for (const words of ['dripline serve', 'dripline config check']) assert.deepEqual(offered(words).filter((name) => name !== '--help').sort(), settings.sort());
  assert.deepEqual(settings.filter((name) => !man.stdout.includes(name.replaceAll('-', '\\-'))), []);
  assert.equal((await run(['config', 'check', '--clock', 'sundial'])).code, 78);
  assert.equal((await run(['config', 'check'])).code, 0);
});

test('sequences, people, export, verify, backup: without a server', async (t) => {
  const { call, json, path } = place(t);
  assert.equal((await json(['sequence', 'apply', path('sequence.json')])).code, 0);
  const list = await json(['sequence', 'list']);
  assert.deepEqual(list.body.data.map((row) => [row.id, row.name]), [['seq_001', 'Welcome']]);
  const one = await json(['enroll', 'seq_001', '+91 98765 43210', '--name', 'Asha', '--field', 'city=Pune']);
  assert.deepEqual([one.code, one.body.verdict], [0, 'enrolled']);
  const again = await json(['enroll', 'seq_001', '919876543210']);
  assert.deepEqual([again.code, again.body.verdict], [3, 'already_active']);

  const dry = await json(['import', path('list.csv'), '--sequence', 'seq_001', '--dry-run']);
  assert.deepEqual([dry.code, dry.body.dry_run, dry.body.counts.enrolled, dry.body.counts.invalid_phone], [3, true, 2, 1]);
  const real = await json(['import', path('list.csv'), '--sequence', 'seq_001']);
  assert.deepEqual([real.code, real.body.counts.enrolled], [3, 2]);

  const simulated = await json(['simulate', 'seq_001', path('list.csv')]);
  assert.deepEqual([simulated.body.people, simulated.body.messages, simulated.body.refused], [2, 4, 1]);

  assert.equal((await call(['export', path('out')])).code, 0);
  const files = await readEach(path('out'));
  assert.equal(statSync(path('out/enrollments.json')).mode & 0o777, 0o600);
  assert.deepEqual(files.enrollments.map((row) => [row.id, row.phone, row.name, row.status, row.current_day, row.total_messages]), [
    ['enroll_001', '919876543210', 'Asha', 'active', 0, 2],
    ['enroll_002', '919876543211', 'Ravi', 'active', 0, 2],
    ['enroll_003', '919876543212', 'Meera, A', 'active', 0, 2],
  ]);
  assert.deepEqual(files.enrollments[0].custom_fields, { city: 'Pune' });
  assert.equal(files.campaigns[0].enrolled_count, 3);

  const sound = await json(['verify']);
  assert.deepEqual([sound.code, sound.body.sound, sound.body.people], [0, true, 3]);
  assert.equal((await call(['backup', path('copy.db')])).code, 0);
  assert.equal(statSync(path('copy.db')).mode & 0o777, 0o600);
  assert.equal((await call(['backup', path('copy.db')])).code, 1, 'never replaces a file');

  assert.equal((await call(['user', 'add', 'anna@example.org'], { input: 'a long enough password\n' })).code, 0);
  assert.equal((await call(['user', 'add', 'bert@example.org'], { input: 'short\n' })).code, 65);
  assert.equal((await call(['user', 'passwd', 'anna@example.org'], { input: 'another password 2\n' })).code, 0);
  assert.equal((await call(['user', 'passwd', 'nobody@example.org'], { input: 'another password 2\n' })).code, 66);
});

test('long imports go by batch and end with their counts', async (t) => {
  const { call, json, path } = place(t);
  await call(['sequence', 'apply', path('sequence.json')]);
  const rows = Array.from({ length: 5000 }, (_, at) => `91987${String(6000000 + at)},Person ${at}`);
  writeFileSync(path('big.csv'), `phone,name\n${rows.join('\n')}\n`);
  const result = await json(['import', path('big.csv'), '--sequence', 'seq_001']);
  assert.deepEqual([result.code, result.body.status, result.body.counts.enrolled], [0, 'completed', 5000]);
  assert.equal((await json(['verify'])).body.people, 5000);
});

test('what was exported comes back the same, and only once', async (t) => {
  const first = place(t);
  await first.call(['sequence', 'apply', first.path('sequence.json')]);
  await first.call(['import', first.path('list.csv'), '--sequence', 'seq_001']);
  await first.call(['export', first.path('out')]);
  const second = place(t);
  const added = await second.json(['import-json', first.path('out')]);
  assert.deepEqual([added.code, added.body.done, added.body.files['enrollments.json'].added], [0, true, 2]);
  const repeated = await second.json(['import-json', first.path('out')]);
  assert.deepEqual(repeated.body.files['enrollments.json'], { added: 0, added_with_new_id: 0, present: 2, left_out: 0, refused: 0 });
  await second.call(['export', second.path('out')]);
  const [before, after] = [await readEach(first.path('out')), await readEach(second.path('out'))];
  for (const row of [...before.enrollments, ...after.enrollments]) delete row.batch_id; // batches are not exported
  assert.deepEqual(after, before);
  assert.equal((await second.json(['verify'])).code, 0);
});

test('a file written by hand is refused as a whole with every finding', async (t) => {
  const { call, json, path } = place(t);
  mkdirSync(path('hand'));
  writeFileSync(path('hand/campaigns.json'), `// by hand\n[ ${JSON.stringify({ id: 'seq_005', ...SEQUENCE })}, /* more later */ ]`);
  writeFileSync(path('hand/enrollments.json'), `[
    { "id": "enroll_001", "sequence_id": "seq_005", "phone": "919876543210", "current_day": 2, "status": "active" },
    { "id": "enroll_002", "sequence_id": "seq_005", "phone": "12", "status": "actif" } ]`);
  const refused = await json(['import-json', path('hand')]);
  assert.deepEqual([refused.code, refused.body.done], [65, false]);
  const findings = refused.body.records.filter((row) => row.verdict === 'refused').map((row) => `${row.file}${row.path}@${row.line}`);
  assert.deepEqual(findings.sort(), ['enrollments.json[1].phone@3', 'enrollments.json[1].status@3']);
  assert.deepEqual((await json(['sequence', 'list'])).body.data, []);

  writeFileSync(path('hand/enrollments.json'), '[{"id":"enroll_001","sequence_id":"seq_005","phone":"919876543210","current_day":2}]');
  assert.equal((await json(['import-json', path('hand'), '--dry-run'])).code, 0);
  assert.deepEqual((await json(['sequence', 'list'])).body.data, [], 'a dry run changes nothing');
  assert.equal((await call(['import-json', path('hand')])).code, 0);
  await call(['export', path('out')]);
  const { campaigns, enrollments } = await readEach(path('out'));
  assert.equal(campaigns[0].id, 'seq_005');
  assert.deepEqual([enrollments[0].current_day, enrollments[0].messages_sent], [2, 1]);
  assert.equal((await json(['verify'])).code, 0);
});

test('every command works beside a running server', async (t) => {
  const { folder, path } = place(t);
  const server = await startServer(t, { clock: 'manual' });
  const call = (args, options) => run([...args, '--data', server.data], options);
  const json = async (args, options) => JSON.parse((await call([...args, '--json'], options)).stdout);
  assert.equal((await call(['sequence', 'apply', path('sequence.json')])).code, 0);
  assert.equal((await call(['import', path('list.csv'), '--sequence', 'seq_001'])).code, 3);
  const people = await server.api('GET', '/api/sequences/seq_001/enrollments');
  assert.equal(people.body.data.length, 2, 'the server shows at once what the command did');
  assert.equal((await json(['verify'])).sound, true);
  assert.equal((await json(['verify', '--repair'])).sound, true);
  assert.equal((await call(['export', path('out')])).code, 0);
  assert.equal((await readEach(path('out'))).enrollments.length, 2);
  assert.equal((await json(['import-json', path('out')])).files['enrollments.json'].present, 2);
  mkdirSync(path('many')); // one transaction, for which a sending server would have to wait
  writeFileSync(path('many/enrollments.json'), JSON.stringify(Array.from({ length: 20_001 }, (_, i) => ({ sequence_id: 'seq_001', phone: String(919870000000 + i) }))));
  const held = await call(['import-json', path('many')]);
  assert.deepEqual([held.code, /20001 records.*--at-once/.test(held.stderr)], [1, true], held.stderr);
  assert.equal((await json(['import-json', path('many'), '--at-once', '--dry-run'])).files['enrollments.json'].refused, 0);
  assert.equal((await call(['backup', join(folder, 'live.db')])).code, 0);
  assert.equal((await call(['simulate', 'seq_001', path('list.csv')])).code, 0);
  assert.equal((await call(['channel', 'list'])).code, 0);
  const restore = await call(['restore', join(folder, 'live.db')]);
  assert.equal(restore.code, 75, 'in use: a retry may help');
  assert.match(restore.stderr, new RegExp(`process ${server.daemon.pid}`));
  const tick = await call(['tick']);
  assert.equal(tick.code, 75);
  const second = await run(['serve', '--data', server.data, '--listen', '127.0.0.1:0']);
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, new RegExp(`process ${server.daemon.pid}`));
});

test('after a restore nothing leaves by itself, and nothing is forgotten', async (t) => {
  const { folder } = place(t);
  const server = await startServer(t, { clock: 'manual' });
  const body = { ...SEQUENCE, messages: [{ day: 1, type: 'text', message: 'One', time: null }, ...SEQUENCE.messages] };
  const made = await server.api('POST', '/api/sequences', body);
  assert.equal(made.status, 201, made.text);
  const id = made.body.id ?? made.body.sequence.id;
  assert.equal((await run(['backup', join(folder, 'before.db'), '--data', server.data])).code, 0);
  await server.stop();
  assert.equal((await run(['restore', join(folder, 'before.db'), '--data', server.data])).code, 0);
  assert.ok(existsSync(join(server.data, 'dripline.db.before-restore')));
  await server.start();
  await server.api('POST', `/api/sequences/${id}/enroll`, { phone: '919876543210' });
  const queue = await until(async () => {
    const answer = await server.api('GET', '/api/queue/stats');
    return answer.status === 200 && answer.body;
  }, 'queue statistics');
  assert.match(queue.state_text, /restored from a backup/, 'the queue says why nothing leaves');
  const queued = (await server.api('GET', '/api/queue')).body.data;
  assert.deepEqual(queued.filter((row) => row.status !== 'pending'), [], 'nothing has left');
  const released = await run(['release', '--held', 'send_unsent', '--data', server.data, '--json']);
  assert.deepEqual(JSON.parse(released.stdout).was_fenced, true, released.stderr);
  await until(async () => {
    const rows = (await server.api('GET', '/api/queue')).body.data;
    return rows.length === 1 && ['sent', 'delivered', 'read'].includes(rows[0].status);
  }, 'the message goes after the release');
  assert.equal((await run(['verify', '--data', server.data])).code, 0);
});

test('what was sent after the backup is held and not sent again', async (t) => {
  const { folder, path } = place(t);
  const server = await startServer(t, { clock: 'manual' });
  const call = (args) => run([...args, '--data', server.data]);
  const statuses = async () => (await server.api('GET', '/api/queue')).body.data.map((row) => row.status);
  await server.api('POST', '/api/sequences', SEQUENCE);
  await server.api('POST', '/api/sequences/seq_001/enroll', { phone: '919876543210', name: 'Asha' });
  assert.equal((await call(['backup', path('before.db')])).code, 0);
  await advance(server, '2d');
  await until(async () => ['delivered', 'read'].includes((await statuses())[0]), 'the first message was delivered');
  await server.stop();
  assert.equal((await call(['restore', join(folder, 'before.db')])).code, 0);
  await server.start();
  assert.deepEqual(await statuses(), ['held'], 'the send journal knows it');
  const released = await run(['release', '--held', 'send_unsent', '--data', server.data, '--json']);
  assert.deepEqual(JSON.parse(released.stdout), { was_fenced: true, sent: 0, given_up: 0, kept: 1 });
  assert.equal((await call(['verify'])).code, 0);
  const given = await run(['release', '--held', 'give_up', '--data', server.data, '--json']);
  assert.equal(JSON.parse(given.stdout).given_up, 1);
  assert.deepEqual(await statuses(), ['unknown']);
  await advance(server, '5d'); // the restored clock may stand before or after midnight in India
  await until(async () => (await statuses()).length === 2, 'the drip goes on with the next step');
  assert.equal((await call(['verify'])).code, 0);
});

test('a damaged backup is refused and changes nothing', async (t) => {
  const { call, path, json } = place(t);
  await call(['sequence', 'apply', path('sequence.json')]);
  writeFileSync(path('bad.db'), 'SQLite format 3\0 but not really');
  assert.equal((await call(['restore', path('bad.db')])).code, 65);
  assert.equal((await call(['restore', path('missing.db')])).code !== 0, true);
  assert.equal((await json(['sequence', 'list'])).body.data.length, 1);
});

test('the version names the program', async () => {
  assert.match((await run(['version'])).stdout, /^dripline \d+\.\d+\.\d+\n$/);
  assert.ok(existsSync(BINARY));
});

test('a file without id makes a sequence once, and changes it from then on', async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  const file = join(folder, 'sequence.json');
  const apply = async (document, ...more) => {
    writeFileSync(file, JSON.stringify(document));
    return run(['sequence', 'apply', file, ...more, '--data', data]);
  };
  const document = { name: 'Twice', messages: [{ day: 1, message: 'Hi {name}' }] };
  assert.match((await apply(document)).stdout, /^created seq_001, version 1/);
  assert.match((await apply(document)).stdout, /^saved seq_001, version 1/, 'the same again changes nothing');
  assert.match((await apply({ ...document, description: 'more' })).stdout, /^saved seq_001, version 2/);
  assert.match((await apply({ ...document, name: 'Other' })).stdout, /^created seq_002/);
  assert.equal((await apply({ ...document, name: 'Twice' }, '--id', 'seq_002')).code, 0);
  const unclear = await apply(document);
  assert.notEqual(unclear.code, 0);
  assert.match(unclear.stderr, /2 sequences are called "Twice".*--id/);
});

test('a tick that cannot send says why', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const made = await run(['key', 'create', '--data', data]);
  assert.equal(made.code, 0, made.stderr);
  const ticked = await run(['tick', '--data', data]);
  assert.equal(ticked.code, 0, ticked.stderr);
  assert.match(ticked.stderr, /no channel/i);
});
