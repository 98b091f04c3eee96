// The machine's clock, as one process sees it: libfaketime's, so only the wall clock jumps, and what
// counts the time since boot runs on.
import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './process.mjs';

const LIBRARY = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`).find(existsSync);

/** {env, set(seconds)}: a process that is started with env sees a clock that is so many seconds ahead. */
export function movableClock(t) {
  assert.ok(LIBRARY, 'libfaketime is not installed: tools/install.sh test');
  const file = join(temporaryFolder(t), 'offset');
  const set = (seconds) => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    renameSync(`${file}.new`, file); // whoever reads it reads one or the other
  };
  set(0);
  return { set, env: { LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' } };
}
