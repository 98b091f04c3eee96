// What the benches share: figures of a process, percentiles, one line a result.
import { readFileSync } from 'node:fs';

/** CPU seconds (user + system) and peak memory of a process. */
export function processFigures(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / 100,
    peakMiB: Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024,
    residentMiB: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024,
  };
}

export function percentile(values, share) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** One result: what, figure, yardstick, ratio, budget and whether it is met. */
export function report(what, figure, { unit, yardstick, ratio, budget, met }) {
  const parts = [`${what}: ${figure} ${unit}`];
  if (yardstick !== undefined) parts.push(`yardstick ${yardstick}`);
  if (ratio !== undefined) parts.push(`ratio ${ratio.toFixed(2)}`);
  if (budget !== undefined) parts.push(`budget ${budget} ${met ? 'met' : 'MISSED'}`);
  console.log(parts.join(' | '));
}

/** Gives `run` what node:test gives a test: a place to leave what ends its processes and folders. */
export async function withCleanup(run) {
  const cleanup = [];
  try {
    await run({ after: (f) => cleanup.push(f) });
  } finally {
    for (const f of cleanup.reverse()) await f();
  }
}
