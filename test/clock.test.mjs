// The clock that is moved by hand: what it takes, and an answer that does not wait for the journey.
import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const now = async (server) => Date.parse((await server.api('GET', '/api/sandbox/clock')).body.now);

test('the manual clock goes forward only, and says at once or at the end that it went', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  const start = await now(server);
  for (const [body, pointer] of [
    [{ advance: '3 days' }, '/advance'], [{ advance: '11y' }, '/advance'], [{ advance: '999999d' }, '/advance'], [{ to: new Date(start - 1000).toISOString() }, '/to'],
    [{ advance: '1d', wait: 'no' }, '/wait'], [{}, '/advance'],
  ]) {
    const refused = await server.api('POST', '/api/sandbox/clock', body);
    assert.equal(refused.status, 422, refused.text);
    assert.ok(refused.text.includes(pointer.slice(1)), refused.text);
  }
  assert.equal(await now(server), start);
  const arrived = await server.api('POST', '/api/sandbox/clock', { advance: '1d' });
  assert.equal(arrived.status, 200, arrived.text);
  assert.equal(Date.parse(arrived.body.now), start + 86_400_000);
  const leaving = await server.api('POST', '/api/sandbox/clock', { advance: '1h', wait: false });
  assert.equal(leaving.status, 202, leaving.text);
  await until(async () => (await now(server)) === start + 90_000_000, 'it arrives');
});

test('a clock that follows the machine is not moved', async (t) => {
  const server = await startServer(t);
  assert.equal((await server.api('POST', '/api/sandbox/clock', { advance: '1d' })).status, 409);
});
