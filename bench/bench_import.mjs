// Uploads a CSV of N rows (default 1,000,000) over HTTP and waits until all are enrolled, against
// `sqlite3 .import` of the same file into one table with the same unique index. Beside it a small
// write every 20 ms tells how long others wait.
//
//   node bench/bench_import.mjs [rows]
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { temporaryFolder, until } from '../test/lib/process.mjs';
import { startServer } from '../test/lib/server.mjs';
import { Random } from '../test/lib/random.mjs';
import { percentile, processFigures, report } from './lib.mjs';

const rows = Number(process.argv[2] ?? 1_000_000);
const folder = temporaryFolder();
const file = join(folder, 'people.csv');

async function writeFile() {
  const random = new Random(7);
  const out = createWriteStream(file);
  out.write('phone,name,city\n');
  // A walk through a full cycle of 10^8 numbers: unsorted, without repeats.
  let number = random.below(100_000_000);
  for (let i = 0; i < rows; i++) {
    number = (number + 61_803_399) % 100_000_000;
    if (!out.write(`+9198${String(number).padStart(8, '0')},Person ${i},City ${i % 100}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

function sqliteImport() {
  const started = process.hrtime.bigint();
  execFileSync('sqlite3', [join(folder, 'yardstick.db')], {
    input: `pragma journal_mode=wal;\npragma synchronous=full;\ncreate table people(phone text unique, name text, city text);\n.mode csv\n.import --skip 1 ${file} people\n`,
  });
  return Number(process.hrtime.bigint() - started) / 1e9;
}

function upload(server, sequence) {
  return new Promise((resolve, reject) => {
    const call = request(`${server.base}/api/sequences/${sequence}/enroll/bulk`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.key}`, 'content-type': 'text/csv', 'content-length': statSync(file).size },
    }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
    });
    call.on('error', reject);
    createReadStream(file, { highWaterMark: 1 << 20 }).pipe(call);
  });
}

await writeFile();
const yardstick = sqliteImport();
const server = await startServer(null);
const sequence = (await server.api('POST', '/api/sequences', {
  name: 'Bench', messages: [{ day: 2, time: '10:00', message: 'Hi {name}', type: 'text' }, { day: 4, time: '10:00', message: 'Hello {name}', type: 'text' }],
})).body;
const waits = [];
let measuring = true;
const prober = (async () => {
  while (measuring) {
    const started = performance.now();
    await server.api('POST', '/api/sequences', { name: 'Small write' });
    waits.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
})();
const started = performance.now();
const answer = await upload(server, sequence.id);
const batch = await until(async () => {
  const now = (await server.api('GET', `/api/batches/${answer.body.id ?? answer.body.batch.id}`)).body;
  return ['completed', 'failed', 'cancelled'].includes(now.status) && now;
}, 'batch completed', 300_000, 20);
const seconds = (performance.now() - started) / 1000;
measuring = false;
await prober;
const figures = processFigures(server.daemon.pid);
console.log(JSON.stringify(batch.counts ?? batch));
report(`import of ${rows} rows`, seconds.toFixed(2), { unit: 's', yardstick: `sqlite3 .import ${yardstick.toFixed(2)} s`, ratio: seconds / yardstick, budget: 'ratio ≤ 1', met: seconds <= yardstick });
report('rate', Math.round(rows / seconds), { unit: 'rows/s' });
report('peak memory', figures.peakMiB.toFixed(0), { unit: 'MiB', budget: '≤ 150 MiB', met: figures.peakMiB <= 150 });
report('small write meanwhile p99', percentile(waits, 0.99).toFixed(1), { unit: 'ms', budget: '≤ 100 ms', met: percentile(waits, 0.99) <= 100 });
report('CPU of the server', figures.cpuSeconds.toFixed(2), { unit: 's' });
await server.stop();
