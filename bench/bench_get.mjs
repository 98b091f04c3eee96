// GET of one enrollment by 64 connections, against nginx giving the same bytes from a file, both
// driven by wrk; and how long the same GET takes while a large file is imported.
//
//   apt-get install nginx-light wrk && node bench/bench_get.mjs [seconds]
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { percentile, report, withCleanup } from './lib.mjs';
import { makeChannel } from '../test/lib/drip.mjs';
import { freePort, temporaryFolder, until } from '../test/lib/process.mjs';
import { startServer } from '../test/lib/server.mjs';

const seconds = Number(process.argv[2] ?? 10);
const CONNECTIONS = 64;
const IMPORTED = 300_000;

if (!existsSync('/usr/sbin/nginx') || !existsSync('/usr/bin/wrk')) {
  console.log('left out: needs nginx and wrk (apt-get install nginx-light wrk)');
  process.exit(0);
}

function wrk(url, headers = []) {
  const out = execFileSync('wrk', ['-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, ...headers.flatMap((header) => ['-H', header]), url], { encoding: 'utf8' });
  if (/Non-2xx/.test(out)) throw new Error(out);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]);
}

async function startNginx(t, body) {
  const folder = temporaryFolder(t);
  const port = await freePort();
  mkdirSync(join(folder, 'root'));
  writeFileSync(join(folder, 'root', 'enrollment.json'), body);
  writeFileSync(join(folder, 'nginx.conf'), `worker_processes auto; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http { access_log off; types { application/json json; } client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}/root; } }\n`);
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const nginx = spawn('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  t.after(() => nginx.kill('SIGTERM'));
  const url = `http://127.0.0.1:${port}/enrollment.json`;
  await until(async () => (await fetch(url)).status === 200, 'nginx ready');
  return url;
}

await withCleanup(async (t) => {
  const server = await startServer(t, { clock: 'system', verify: false, args: ['--rate-limit', '0'] });
  const channel = await makeChannel(server, { base: 'http://127.0.0.1:9', appSecret: 'bench' });
  const sequence = (await server.api('POST', '/api/sequences?force=true', { name: 'Bench', status: 'active', channel_id: channel.id, messages: [{ day: 3, type: 'text', message: 'Hi {name}' }] })).body;
  const made = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '+919812345678', name: 'Asha' });
  const url = `${server.base}/api/enrollments/${made.body.id ?? made.body.enrollment_id ?? made.body.enrollment.id}`;
  const headers = { authorization: `Bearer ${server.key}` };
  const body = await (await fetch(url, { headers })).text();
  const file = wrk(await startNginx(t, body));
  const ours = wrk(url, [`Authorization: Bearer ${server.key}`]);
  report(`GET of an enrollment, ${CONNECTIONS} connections`, ours.toFixed(0), { unit: '/s', yardstick: `nginx ${file.toFixed(0)}`, ratio: ours / file, budget: '≥ 0.4', met: ours / file >= 0.4 });
  const lines = ['phone,name', ...Array.from({ length: IMPORTED }, (_, i) => `+9197${String(i).padStart(8, '0')},Person ${i}`)].join('\n');
  const upload = server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, lines, { 'content-type': 'text/csv' });
  const times = [];
  let imported = false;
  void upload.then(async (answer) => {
    await until(async () => (await server.api('GET', `/api/batches/${answer.body.id ?? answer.body.batch?.id}`)).body.status === 'completed', 'imported', 120_000, 200);
    imported = true;
  });
  while (!imported) {
    const started = performance.now();
    await (await fetch(url, { headers })).text();
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const p99 = percentile(times, 0.99);
  report(`the same GET while ${IMPORTED} rows are imported, p99 of ${times.length}`, p99.toFixed(1), { unit: 'ms', budget: '≤ 5', met: p99 <= 5 });
  await server.stop();
});
