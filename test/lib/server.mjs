// A Dripline server under test, and the fake WhatsApp in a process of its own.
import assert from 'node:assert/strict';
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { violation } from './contract.mjs';
import { BINARY, Daemon, atEnd, freePort, run, temporaryFolder, until } from './process.mjs';

/** Calls the JSON API: api(method, path, body?) → {status, body, headers}. */
export function client(base, key) {
  return async function api(method, path, body, headers = {}) {
    const json = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : json ? JSON.stringify(body) : body,
      signal: AbortSignal.timeout(300_000),
    });
    const text = await response.text();
    const mediaType = (response.headers.get('content-type') ?? '').split(';')[0].trim();
    const parsed = mediaType.includes('json') && text !== '' ? JSON.parse(text) : text;
    const wrong = violation(method, path, { status: response.status, mediaType, body: parsed });
    assert.equal(wrong, null, `${wrong}\n${text.slice(0, 600)}`);
    return { status: response.status, headers: response.headers, text, body: parsed };
  };
}

/** When the test is over, the server is ended and its data must add up: `verify` counts all from the rows. */
async function endSound(server) {
  if (server.daemon && !server.daemon.exited) await server.daemon.stop('SIGKILL');
  if (server.options.verify === false || !existsSync(join(server.data, 'dripline.db'))) return;
  const verified = await server.verify();
  assert.equal(verified.code, 0, `verify after the test: ${verified.stdout}${verified.stderr}`);
}

/**
 * Starts `dripline serve` on a fresh (or given) data directory and makes an admin key.
 *   options  data, port, clock ('system'|'manual'), args[], env, binary, wrap[] (a command to run it under),
 *            verify (false: the test leaves data behind that cannot be sound)
 */
export async function startServer(t, options = {}) {
  const server = { options, key: options.key };
  atEnd(t, () => server.data && endSound(server)); // before the folder goes: works run in the order of their asking
  const data = options.data ?? join(temporaryFolder(t), 'data');
  const port = options.port ?? (await freePort());
  const base = `http://127.0.0.1:${port}`;
  Object.assign(server, { data, port, base });
  if (!server.key) {
    const made = await run(['key', 'create', '--name', 'tests', '--scope', 'admin', '--data', data, '--json']);
    assert.equal(made.code, 0, `key create: ${made.stderr}`);
    server.key = JSON.parse(made.stdout).key;
    assert.match(server.key, /^sk_/);
  }
  server.api = client(base, server.key);
  server.start = async () => {
    server.daemon = new Daemon(
      options.binary ?? BINARY,
      ['serve', '--data', data, '--listen', `127.0.0.1:${port}`, '--clock', options.clock ?? 'system', ...(options.args ?? [])],
      { env: options.env, wrap: options.wrap },
    );
    await until(async () => server.daemon.exited || (await fetch(`${base}/readyz`)).status === 200, 'server ready');
    assert.ok(!server.daemon.exited, `server ended: ${server.daemon.log}`);
  };
  server.verify = () => run(['verify', '--data', data, '--json'], { binary: options.binary ?? BINARY });
  server.kill = () => server.daemon.stop('SIGKILL');
  server.stop = () => server.daemon.stop('SIGTERM');
  if (options.start !== false) await server.start();
  return server;
}

/** Moves the manual clock and waits until the time has come. */
export async function advance(server, by) {
  const answer = await server.api('POST', '/api/sandbox/clock', { advance: by });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** The fake WhatsApp in its own process with its own ledger file. */
export async function startSimulator(t, { port, webhookUrl, appSecret = 'test-app-secret', seed = 1, clock = 'system', faults, ledger, args = [] } = {}) {
  const folder = temporaryFolder(t);
  const simulator = { port: port ?? (await freePort()), ledger: ledger ?? join(folder, 'ledger.jsonl'), appSecret };
  simulator.base = `http://127.0.0.1:${simulator.port}`;
  simulator.start = async () => {
    simulator.daemon = new Daemon(BINARY, [
      'simulator', '--listen', `127.0.0.1:${simulator.port}`, '--webhook-url', webhookUrl, '--app-secret', appSecret,
      '--ledger', simulator.ledger, '--seed', String(seed), '--clock', clock,
      ...(faults ? ['--faults', JSON.stringify(faults)] : []), ...args,
    ]);
    await until(async () => simulator.daemon.exited || (await fetch(simulator.base)), 'simulator ready');
    assert.ok(!simulator.daemon.exited, `simulator ended: ${simulator.daemon.log}`);
  };
  simulator.entries = () =>
    existsSync(simulator.ledger)
      ? readFileSync(simulator.ledger, 'utf8').split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line))
      : [];
  atEnd(t, async () => {
    if (simulator.daemon && !simulator.daemon.exited) await simulator.daemon.stop('SIGKILL');
  });
  await simulator.start();
  return simulator;
}
