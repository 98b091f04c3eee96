// What moves by itself: a week by the clock in the bar, many tabs on one stream, and a server that
// is killed and comes back.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { YEAR } from './lib/drip.mjs';
import { eventually } from './lib/process.mjs';
import { advance } from './lib/server.mjs';
import { believablePeople, enroll, makeTexts, startUi } from './lib/ui.mjs';

const tile = (page, label, value) => page.locator('.tile', { hasText: label }).locator('.tile-value').getByText(value, { exact: true }).waitFor();

test('a week passes and the dashboard moves', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  await server.api('POST', '/api/sandbox/clock', { to: `${YEAR}-03-01T09:00:00Z` });
  const sequence = await makeTexts(server, 'Week', [[1, 'One'], [3, 'Two'], [7, 'Three']]);
  const people = believablePeople(9, 5).map((person) => ({ ...person, timezone: 'UTC' }));
  await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: people });
  await advance(server, '5m');
  const page = await open();
  await page.goto('/?range=30d');
  await tile(page, 'Sent', '5');
  for (const sent of ['5', '10']) {
    await page.getByRole('button', { name: '+1 day' }).click();
    await tile(page, 'Sent', sent);
  }
  await page.getByRole('button', { name: 'More jumps' }).click();
  await page.getByRole('menuitem', { name: '+1 week' }).click();
  await tile(page, 'Sent', '15');
  await tile(page, 'Read', '15');

  // The chart's table holds the same numbers as the tiles, and the period is part of the address.
  await page.getByText('View as table').first().click();
  const rows = page.locator('.chart table, table.chart-table, details[open] table').first().locator('tbody tr');
  await eventually(async () => assert.equal(await rows.evaluateAll((all) => all.reduce((sum, row) => sum + Number(row.children[1].textContent), 0)), 15));
  await page.getByRole('button', { name: '24 hours' }).click();
  await page.waitForURL(/range=24h/);
  await page.goBack();
  await page.waitForURL(/range=30d/);
  await page.getByRole('link', { name: 'Dashboard' }).first().waitFor();

  // Playing a day per minute moves the clock until it is stopped.
  await page.getByRole('button', { name: 'Play a day per minute' }).click();
  const began = (await server.api('GET', '/api/sandbox/clock')).body.now;
  await page.waitForFunction(async (from) => (await (await fetch('/api/sandbox/clock')).json()).now > from, began);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  assertQuiet(page);
});

test('the server is killed and comes back', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Lasting', [[1, 'One'], [2, 'Two']]);
  const page = await open();
  await page.goto('/');
  const state = page.locator('.topbar .link-state');
  await state.getByText('Live').waitFor();
  await tile(page, 'Enrolled', '0');
  await enroll(server, sequence, '919812300001');
  await tile(page, 'Enrolled', '1');
  await tile(page, 'Sent', '1');

  await server.kill();
  await state.getByText('Reconnecting…').waitFor();
  assert.ok(await page.getByRole('heading', { name: 'Dashboard', level: 1 }).isVisible(), 'good old data stays');
  await tile(page, 'Enrolled', '1');
  await server.start();
  await enroll(server, sequence, '919812300002');
  await state.getByText('Live').waitFor();
  await tile(page, 'Enrolled', '2');
  assertQuiet(page, [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|EventSource|Failed to load resource/]);
});

test('ten tabs, one stream', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Tabs', [[1, 'One'], [2, 'Two']]);
  const first = await open();
  const tabs = [first];
  for (let tab = 1; tab < 10; tab++) tabs.push(await first.context().newPage());
  let streams = 0;
  first.context().on('request', (request) => (streams += new URL(request.url()).pathname === '/api/events' ? 1 : 0));
  for (const tab of tabs) await tab.goto('/');
  for (const tab of tabs) await tab.locator('.topbar .link-state').getByText('Live').waitFor();
  await enroll(server, sequence, '919812300001');
  for (const tab of tabs) await tile(tab, 'Enrolled', '1');
  assert.equal(streams, 1); // all are live and have heard of the person: whoever wanted a stream has asked for it
  // When the tab that holds the stream goes, another takes over.
  await tabs.shift().close();
  await enroll(server, sequence, '919812300002');
  for (const tab of tabs) await tile(tab, 'Enrolled', '2');
});

test('what happens between reading and listening is not lost', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  // Nothing is sent on the first day: one enrollment is one event, and no later one makes up for it.
  const sequence = await makeTexts(server, 'Gap', [[2, 'One'], [3, 'Two']]);
  for (const [path, before, after] of [
    ['/', (page) => tile(page, 'Enrolled', '0'), (page) => tile(page, 'Enrolled', '1')],
    [`/sequences/${sequence.id}/people`, (page) => page.getByText('+91 98123 00001').first().waitFor(), (page) => page.getByText('+91 98123 00002').first().waitFor()],
  ]) {
    const page = await open();
    let listen;
    const read = new Promise((resolve) => (listen = resolve));
    await page.route(/\/api\/events/, async (route) => {
      await read;
      await route.continue();
    });
    await page.goto(path);
    await before(page);
    // All that the page read is here, its stream is still on the way.
    assert.equal(await page.locator('.topbar .link-state').textContent(), 'Connecting…');
    await enroll(server, sequence, path === '/' ? '919812300001' : '919812300002');
    listen();
    await after(page);
    assertQuiet(page);
    await page.context().close();
  }
});

test('a first visit asks for each thing once', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Once', [[2, 'One'], [3, 'Two']]);
  await enroll(server, sequence, '919812300001');
  const newest = async () => (await server.api('GET', '/api/me')).body.server.last_event_id;
  const create = async (page, round) => {
    const { body } = await server.api('POST', '/api/sequences', { name: `New ${round} ${await newest()}`, messages: [] });
    await page.getByRole('link', { name: body.name, exact: true }).first().waitFor();
  };
  const rename = async (page, round) => {
    const now = (await server.api('GET', `/api/sequences/${sequence.id}`)).body;
    const saved = await server.api('PUT', `/api/sequences/${sequence.id}?force=true`, { ...now, name: `Once ${round}` });
    assert.equal(saved.status, 200, saved.text);
    await page.getByRole('button', { name: 'Show the new version' }).waitFor();
  };
  const add = async (page, round) => {
    await enroll(server, sequence, `9198123001${10 + round}`);
    await page.getByText(`+91 98123 001${10 + round}`).first().waitFor();
  };
  for (const [path, ready, change] of [
    ['/', (page) => tile(page, 'Enrolled', '1'), create],
    ['/sequences', (page) => page.getByRole('link', { name: 'Once', exact: true }).first().waitFor(), create],
    [`/sequences/${sequence.id}/people`, (page) => page.getByText('+91 98123 00001').first().waitFor(), add],
    [`/sequences/${sequence.id}`, (page) => page.getByRole('textbox', { name: 'Name of the sequence' }).waitFor(), rename],
  ]) {
    for (let round = 0, still = false; !still; round++) {
      assert.ok(round < 20, 'the server never came to rest');
      const page = await open();
      const asked = new Map();
      page.on('request', (request) => {
        const url = new URL(request.url());
        if (request.method() === 'GET' && url.pathname.startsWith('/api/')) asked.set(url.pathname + url.search, (asked.get(url.pathname + url.search) ?? 0) + 1);
      });
      const before = await newest();
      await page.goto(path);
      await ready(page);
      await page.locator('.topbar .link-state').getByText('Live').waitFor();
      still = (await newest()) === before; // or what happened made the page ask again, rightly: then once more
      // What the page asks for again only because it is live, it asks for before it hears of this.
      await change(page, round);
      await page.context().close();
      if (still) assert.deepEqual([...asked].filter(([, times]) => times > 2), [], path);
    }
  }
});
