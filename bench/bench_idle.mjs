// What a server does and keeps when there is nothing to do: its memory after a small drip, and the
// system calls of all its threads in ten seconds (strace). The only ones allowed are the sender's
// sign of life, twice a minute.
//
//   node bench/bench_idle.mjs
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { processFigures, report, withCleanup } from './lib.mjs';
import { startPair, makeSequence, upload } from '../test/lib/drip.mjs';
import { until } from '../test/lib/process.mjs';

const SECONDS = 10;

async function systemCalls(pid) {
  const tracer = spawn('strace', ['-f', '-qq', '-p', String(pid), '-o', '/dev/stdout'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  tracer.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  await new Promise((resolve) => setTimeout(resolve, 1500)); // attaching shows the calls everybody waits in
  const from = text.length;
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const lines = text.slice(from).split('\n').filter(Boolean);
  tracer.kill('SIGINT');
  await once(tracer, 'exit');
  return lines;
}

await withCleanup(async (t) => {
  const { server, channel } = await startPair(t, { clock: 'system', faults: { webhooks: 'none' } });
  const before = processFigures(server.daemon.pid).residentMiB;
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, `phone,name\n${Array.from({ length: 100 }, (_, i) => `+9198${String(i).padStart(8, '0')},Person ${i}`).join('\n')}\n`);
  await until(async () => (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body.totals.sent >= 100, 'sent');
  await new Promise((resolve) => setTimeout(resolve, 8000));
  const after = processFigures(server.daemon.pid).residentMiB;
  report('resident, just started', before.toFixed(1), { unit: 'MiB', budget: '≤ 20', met: before <= 20 });
  report('resident, idle after a small drip', after.toFixed(1), { unit: 'MiB', budget: '≤ 20', met: after <= 20 });
  const calls = await systemCalls(server.daemon.pid);
  report(`system calls in ${SECONDS} idle seconds`, calls.length, { unit: 'calls', budget: '0, or one beat', met: calls.length < 40 });
  console.log(calls.slice(0, 12).map((line) => `  ${line.slice(0, 110)}`).join('\n'));
  await server.stop();
});
