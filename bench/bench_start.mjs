// From the start of the program to its first "ready", over many enrollments (default 10,000,000),
// after a clean stop and after a kill in the middle of writing; what it then keeps in memory, and
// what choosing the due ones costs against a hundredth of them.
//
//   node bench/bench_start.mjs [enrollments]
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fillData } from './fill.mjs';
import { processFigures, report, withCleanup } from './lib.mjs';
import { freePort, until } from '../test/lib/process.mjs';
import { startServer } from '../test/lib/server.mjs';
import { request } from 'node:http';

const people = Number(process.argv[2] ?? 10_000_000);
const CLEAN_MS = 100;
const KILLED_MS = 2000;
const DUE = Math.min(20_000, people / 100);

/** 200 or an error; without what fetch() costs the first time. */
function isReady(port) {
  return new Promise((resolve) => {
    const call = request({ port, host: '127.0.0.1', path: '/readyz' }, (answer) => { answer.resume(); resolve(answer.statusCode === 200); });
    call.on('error', () => resolve(false));
    call.end();
  });
}

async function timedStart(server) {
  const started = performance.now();
  const starting = server.start();
  while (!(await isReady(server.port))) await new Promise((resolve) => setTimeout(resolve, 1));
  const ms = performance.now() - started;
  await starting;
  return ms;
}

async function open(t, filled) {
  return startServer(t, { data: filled.data, key: filled.key, verify: false, start: false, port: await freePort() });
}

/** Makes some people due within a minute and waits until all of them became messages: µs of the server a message. */
async function choosing(t, filled) {
  const file = join(filled.data, 'dripline.db');
  const messages = () => Number(execFileSync('sqlite3', ['-readonly', file, 'SELECT coalesce(max(id), 0) FROM message'], { encoding: 'utf8' }));
  const soon = Date.now() + 60_000;
  execFileSync('sqlite3', [file], { input: `BEGIN;
    CREATE TEMP TABLE chosen AS SELECT id, next_due_at_ms AS due FROM enrollment WHERE id % ${Math.floor(filled.people / DUE)} = 0 LIMIT ${DUE};
    DELETE FROM due WHERE (due_at_ms, enrollment_id) IN (SELECT due, id FROM chosen);
    UPDATE enrollment SET next_due_at_ms = ${soon} WHERE id IN (SELECT id FROM chosen);
    INSERT INTO due SELECT ${soon}, id FROM chosen;
    COMMIT;` });
  const before = messages();
  const server = await open(t, filled);
  await server.start();
  await until(() => messages() - before >= DUE, 'all planned', 60_000, 50);
  const { cpuSeconds } = processFigures(server.daemon.pid);
  await server.stop();
  return (cpuSeconds / DUE) * 1e6;
}

await withCleanup(async (t) => {
  const filled = await fillData(t, { people, steps: 0 });
  const server = await open(t, filled);
  await server.start();
  await server.stop();
  const clean = [];
  for (let i = 0; i < 5; i++) {
    clean.push(await timedStart(server));
    if (i < 4) await server.stop();
  }
  clean.sort((a, b) => a - b);
  report(`start to ready with ${people} enrollments, after a clean stop`, clean[2].toFixed(0), { unit: 'ms', budget: `≤ ${CLEAN_MS}`, met: clean[2] <= CLEAN_MS });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  report(`resident with ${people} active enrollments, idle`, processFigures(server.daemon.pid).residentMiB.toFixed(1), { unit: 'MiB', budget: '≤ 57 at 1,000,000', met: processFigures(server.daemon.pid).residentMiB <= 57 });
  // Something in the log that the next start has to read again.
  for (let i = 0; i < 200; i++) await server.api('PATCH', '/api/settings', { default_country: i % 2 ? 'IN' : 'DE' });
  await server.kill();
  const killed = await timedStart(server);
  report(`start to ready with ${people} enrollments, after a kill`, killed.toFixed(0), { unit: 'ms', budget: `≤ ${KILLED_MS}`, met: killed <= KILLED_MS });
  await server.stop();
  const few = await choosing(t, await fillData(t, { people: people / 100, steps: 0 }));
  const many = await choosing(t, filled);
  report(`planning ${DUE} due people among ${people}: CPU per message`, many.toFixed(0), { unit: 'µs', yardstick: `${few.toFixed(0)} among ${people / 100}`, ratio: many / few, budget: '≤ 1.3', met: many / few <= 1.3 });
});
