// Starts and ends the programs under test: each in a folder of its own, on a free port, ended by pid.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export const BINARY = process.env.DRIPLINE_BINARY ?? new URL('../../build/dripline', import.meta.url).pathname;

const hooks = new WeakMap();

/**
 * Does `work` when the test ends, in the order of the calls, whether or not work before it fails: the runner's own
 * hooks are left out after one that throws, and a program that nobody ends keeps the test file waiting for ever.
 */
export function atEnd(t, work) {
  if (!t) return;
  if (!hooks.has(t)) {
    const list = [];
    hooks.set(t, list);
    t.after(async () => {
      const errors = [];
      for (const one of list) await Promise.resolve().then(one).catch((error) => errors.push(error));
      list.over = true;
      if (errors.length > 0) throw errors[0];
    });
  }
  const list = hooks.get(t);
  if (!list.over) return void list.push(work);
  work(); // a test that ran out of time and went on all the same
  throw new Error('this test is over');
}

/** A folder that is gone when the test ends. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'dripline-test-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const PORTS = join(tmpdir(), 'dripline-test-ports'); // a file per port that a test keeps, with its process id
const kept = [];
process.on('exit', () => kept.forEach((file) => rmSync(file, { force: true })));

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Whether the port is now this process's: another test may have been given it a moment ago, and not use it yet. */
function keepPort(port) {
  const file = join(PORTS, String(port));
  try {
    mkdirSync(PORTS, { recursive: true });
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    kept.push(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid > 0 && !isAlive(pid)) rmSync(file, { force: true }); // left by one that was killed: free for the next try
    return false;
  }
}

/**
 * A port that nothing listens on, this process's until it ends. Below the ports that the kernel gives to outgoing
 * connections: a server that is killed and started again would now and then find its port taken by one of those.
 */
export async function freePort() {
  for (let tries = 0; tries < 200; tries++) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (!keepPort(port)) continue;
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(() => true, () => false);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no free port');
}

/** How long a test waits for what must come: long, since the machine may be slow and busy. */
export const PATIENCE_MS = 60_000;

/** Waits until `condition()` is truthy; fails with `what` after `timeoutMs`. Returns the truthy value. */
export async function until(condition, what, timeoutMs = PATIENCE_MS, everyMs = 25) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`timed out after ${timeoutMs} ms: ${what} (last: ${last})`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Calls `assertions()` again and again until it throws no more; its last words when it never does. */
export async function eventually(assertions, timeoutMs = PATIENCE_MS) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await assertions();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs a command to its end: {code, stdout, stderr}. */
export async function run(args, { input, env, timeoutMs = 180_000, binary = BINARY } = {}) {
  const child = spawn(binary, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part) => (stderr += part));
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const [code, signal] = await once(child, 'close').finally(() => clearTimeout(timer));
  return { code, signal, stdout, stderr };
}

// What no test ended itself, such as the programs of one that ran out of time and went on all the same.
const running = new Set();
let over = false;
if (process.env.NODE_TEST_CONTEXT) {
  after(() => {
    over = true;
    return Promise.all([...running].map((daemon) => daemon.stop('SIGKILL')));
  });
}

/** A long-running program. `ready` resolves when `readyWhen()` answers truthy. */
export class Daemon {
  constructor(binary, args, { env, wrap = [] } = {}) {
    if (over) throw new Error('all tests of this file are over');
    const command = [...wrap, binary, ...args];
    this.child = spawn(command[0], command.slice(1), { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.log = '';
    this.child.stdout.setEncoding('utf8').on('data', (part) => this.#keep(part));
    this.child.stderr.setEncoding('utf8').on('data', (part) => this.#keep(part));
    this.exited = false;
    running.add(this);
    const gone = () => {
      this.exited = true;
      running.delete(this);
    };
    this.child.on('exit', gone);
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve({ code, signal }));
      this.child.on('error', (error) => { // it never began: nothing closes
        this.#keep(`${error.message}\n`);
        gone();
        resolve({ code: null, signal: null });
      });
    });
  }
  #keep(part) {
    this.log = (this.log + part).slice(-2_000_000);
  }
  get pid() {
    return this.child.pid;
  }
  async stop(signal = 'SIGTERM', timeoutMs = PATIENCE_MS) {
    if (!this.exited) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    const result = await this.ended;
    clearTimeout(timer);
    return result;
  }
}
