// The same shape of work in two job queues people use today, with a handler that does nothing:
// N jobs (default 100,000) wait, and a worker takes them all. BullMQ on Redis with
// appendfsync always; pg-boss on PostgreSQL. CPU seconds are those of the worker plus its database,
// so that the figure stands beside `CPU of the server per message` of bench_send.mjs.
//
//   cd bench && npm ci --ignore-scripts && node bench_peers.mjs [jobs]
// Needs redis-server and postgresql (Debian packages); a missing one is said and left out.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, chmodSync } from 'node:fs';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from '../test/lib/process.mjs';
import { report } from './lib.mjs';

const count = Number(process.argv[2] ?? 100_000);
const folder = temporaryFolder();
process.on('exit', () => execFileSync('rm', ['-rf', folder]));

/** CPU seconds of a process and all its children, ended ones included. */
function cpuOfTree(pid) {
  let total = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1].split(' ');
      if (Number(name) === pid || Number(stat[1]) === pid) {
        total += (Number(stat[11]) + Number(stat[12]) + (Number(name) === pid ? Number(stat[13]) + Number(stat[14]) : 0)) / 100;
      }
    } catch { /* it ended meanwhile */ }
  }
  return total;
}
const ownCpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };

function result(name, seconds, cpu) {
  report(`${name}: process ${count} jobs`, Math.round(count / seconds), { unit: 'jobs/s' });
  report(`${name}: CPU per job (worker and database)`, ((cpu / count) * 1e6).toFixed(0), { unit: 'µs' });
}

async function bullmq() {
  if (!existsSync('/usr/bin/redis-server')) return console.log('BullMQ left out: no redis-server');
  const { Queue, Worker } = await import('bullmq');
  const port = await freePort();
  const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always', '--save', ''], { stdio: 'ignore' });
  try {
    await until(() => { execFileSync('redis-cli', ['-p', String(port), 'ping'], { stdio: 'pipe' }); return true; }, 'Redis ready');
    const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
    const queue = new Queue('bench', { connection });
    await queue.waitUntilReady();
    for (let at = 0; at < count; at += 1000) {
      await queue.addBulk(Array.from({ length: Math.min(1000, count - at) }, (_, i) => ({ name: 'm', data: { id: at + i } })));
    }
    const cpuBefore = ownCpu() + cpuOfTree(redis.pid);
    const started = performance.now();
    let done = 0;
    const worker = new Worker('bench', async () => {}, { connection, concurrency: 100 });
    await new Promise((resolve) => worker.on('completed', () => { if (++done === count) resolve(); }));
    const seconds = (performance.now() - started) / 1000;
    result('BullMQ', seconds, ownCpu() + cpuOfTree(redis.pid) - cpuBefore);
    await worker.close();
    await queue.close();
  } finally {
    redis.kill('SIGTERM');
  }
}

async function pgBoss() {
  const bin = '/usr/lib/postgresql/15/bin';
  if (!existsSync(join(bin, 'postgres'))) return console.log('pg-boss left out: no PostgreSQL 15');
  const { default: PgBoss } = await import('pg-boss');
  const port = await freePort();
  const data = join(folder, 'pg');
  const asPostgres = process.getuid() === 0;
  mkdirSync(data);
  chmodSync(folder, 0o755);
  const pg = (command, args) => (asPostgres ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', join(bin, command), ...args]] : [join(bin, command), args]);
  if (asPostgres) execFileSync('chown', ['postgres', data]);
  execFileSync(...pg('initdb', ['-D', data, '-A', 'trust', '-U', 'bench']), { stdio: 'ignore', cwd: '/' });
  const [command, args] = pg('postgres', ['-D', data, '-p', String(port), '-k', data, '-c', 'listen_addresses=127.0.0.1']);
  const server = spawn(command, args, { stdio: 'ignore', cwd: '/' });
  try {
    await until(() => { execFileSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' }); return true; }, 'PostgreSQL ready');
    const boss = new PgBoss({ connectionString: `postgres://bench@127.0.0.1:${port}/postgres`, max: 10 });
    boss.on('error', () => {});
    await boss.start();
    await boss.createQueue('bench');
    for (let at = 0; at < count; at += 5000) {
      await boss.insert(Array.from({ length: Math.min(5000, count - at) }, (_, i) => ({ name: 'bench', data: { id: at + i } })));
    }
    const cpuBefore = ownCpu() + cpuOfTree(server.pid);
    const started = performance.now();
    let done = 0;
    while (done < count) {
      const jobs = await boss.fetch('bench', { batchSize: 500 });
      if (jobs.length > 0) await boss.complete('bench', jobs.map((job) => job.id));
      done += jobs.length;
    }
    const seconds = (performance.now() - started) / 1000;
    result('pg-boss', seconds, ownCpu() + cpuOfTree(server.pid) - cpuBefore);
    await boss.stop({ graceful: false });
  } finally {
    server.kill('SIGINT');
  }
}

await bullmq();
await pgBoss();
process.exit(0);
