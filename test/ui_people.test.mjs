// The table of people moves by itself, and pausing, resuming and stopping many says first what it will do.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually } from './lib/process.mjs';
import { advance } from './lib/server.mjs';
import { believablePeople, dialogsClosed, enroll, makeTexts, startUi } from './lib/ui.mjs';

const MANY = 260; // more than one page of the table

test('a live table and bulk actions', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Many', [[1, 'One'], [3, 'Two']]);
  const made = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: believablePeople(3, MANY) });
  const enrolled = made.body.counts.enrolled;
  const page = await open();
  const button = (name) => page.getByRole('button', { name, exact: true });
  const dialog = page.getByRole('dialog');
  const finished = async () => {
    await dialog.locator('.dialog-foot').getByRole('button', { name: 'Close', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await dialogsClosed(page);
  };
  await page.goto(`/sequences/${sequence.id}/people`);
  await page.getByText(`200 of ${enrolled} loaded`).waitFor();

  await enroll(server, sequence, '919812300001', 'Just now');
  await page.getByRole('link', { name: 'Just now' }).waitFor(); // without a reload
  await page.locator('tr', { hasText: 'Just now' }).getByText('Day 0').or(page.locator('tr', { hasText: 'Just now' }).getByText('Day 1')).waitFor();
  await advance(server, '1h');
  await page.locator('tr', { hasText: 'Just now' }).getByText('1 of 2 messages').waitFor();

  // The far end of the list is there when one scrolls to it.
  await eventually(async () => { // a list that is just drawn anew begins with its first page again
    await page.locator('.virtual').evaluate((box) => (box.scrollTop = box.scrollHeight));
    assert.ok(await page.getByText(`${enrolled + 1} people`, { exact: true }).isVisible());
  });
  await page.locator('.virtual').evaluate((box) => (box.scrollTop = 0));
  await page.reload();
  await page.getByText(`200 of ${enrolled + 1} loaded`).waitFor();

  // Three by hand with Shift, then the page, then explicitly all.
  const ticks = page.getByRole('checkbox', { name: /^Select (?!all)/ });
  await ticks.nth(1).click();
  await ticks.nth(3).click({ modifiers: ['Shift'] });
  await page.getByText('3 selected').waitFor();
  await page.getByLabel('Select all rows shown').check();
  await page.getByText('200 selected').waitFor();
  await button(`Select all ${enrolled + 1} matching`).click();
  await page.getByText(`${enrolled + 1} selected`).waitFor();

  await button('Pause').last().click();
  await dialog.getByText(`${enrolled + 1} of ${enrolled + 1} people change.`).waitFor();
  assert.equal((await server.api('GET', `/api/sequences/${sequence.id}`)).body.paused_count, 0, 'asking changes nothing');
  await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
  await finished();
  await page.locator('.segmented').getByRole('button', { name: `Paused ${enrolled + 1}` }).click();
  await page.waitForURL(/status=paused/);
  await page.locator('.table tbody tr').getByText('Paused').first().waitFor();

  await page.getByLabel('Select all rows shown').check();
  await button('Resume').last().click();
  await dialog.getByText('200 of 200 people change.').waitFor();
  await dialog.getByRole('button', { name: 'Resume', exact: true }).click();
  await finished();
  await page.goto(`/sequences/${sequence.id}/people?q=Just+now`);
  await eventually(async () => assert.deepEqual(await page.locator('.table tbody tr a.title').allTextContents(), ['Just now']));
  await ticks.first().check();
  await button('Stop').click();
  await dialog.getByText('Stopping is final').waitFor();
  await dialog.getByText('1 of 1 people change.').waitFor();
  await dialog.getByRole('button', { name: 'Stop for good' }).click();
  await page.locator('.table tbody tr').getByText('Stopped').waitFor();
  await finished();
  await page.goBack();
  await page.waitForURL(/status=paused/); // the filter before, not the page before

  const now = (await server.api('GET', `/api/sequences/${sequence.id}`)).body;
  assert.deepEqual([now.active_count + now.paused_count, now.stopped_count], [enrolled, 1]);
  assertQuiet(page);
});

test('who scrolls to the end while the list is fetched anew gets what comes next', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Long', [[1, 'One']]);
  const made = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: believablePeople(3, MANY) });
  const enrolled = made.body.counts.enrolled;
  const page = await open();
  await page.goto(`/sequences/${sequence.id}/people`);
  await page.getByText(`200 of ${enrolled} loaded`).waitFor();
  let release;
  const held = new Promise((resolve) => (release = resolve));
  let asked;
  const refreshing = new Promise((resolve) => (asked = resolve));
  await page.route(/enrollments\?.*count=true/, async (route) => {
    asked();
    await held;
    await route.continue();
  });
  await enroll(server, sequence, '919812300002', 'Late Comer');
  await refreshing;
  await page.locator('.virtual').evaluate((box) => (box.scrollTop = box.scrollHeight));
  // The row at the end is drawn: the scrolling was seen, and could ask for nothing.
  await page.locator('.table tbody tr[aria-rowindex="201"]').waitFor();
  release();
  await page.getByText(`${enrolled + 1} people`, { exact: true }).waitFor();
  assertQuiet(page);
});
