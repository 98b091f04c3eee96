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
  first.context().on('request', (request) => (streams += request.url().endsWith('/api/events') ? 1 : 0));
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
