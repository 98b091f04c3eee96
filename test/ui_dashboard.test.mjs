// The dashboard's numbers: they lead to lists with the same sums, follow the period and the language, say why
// the queue rests, and can be read as a table and worked by keyboard.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { advance } from './lib/server.mjs';
import { dialogsClosed, populate, settled, startUi } from './lib/ui.mjs';

const number = (text) => Number(text.replace(/[^\d]/g, ''));

test('numbers lead to lists of the same size', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  await populate(server, { days: 4, perDay: 14, attack: false });
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.sending === 0, 'quiet');
  const page = await open();
  await page.goto('/?range=30d');
  await page.locator('.tile').first().waitFor();
  const tile = (label) => page.locator('.tile', { hasText: label }).locator('.tile-value');
  for (const label of ['Enrolled', 'Sent', 'Delivered', 'Read', 'Replied', 'Failed']) {
    await page.goto('/?range=30d');
    await tile(label).first().waitFor();
    const shown = number(await tile(label).first().textContent());
    assert.ok(shown > 0, `${label}: ${shown}`);
    await tile(label).first().getByRole('link').click();
    await page.waitForURL(label === 'Enrolled' ? /\/people\?/ : /\/messages\?/);
    const query = new URL(page.url()).searchParams;
    const parts = new URLSearchParams({ limit: '500' });
    for (const [name, value] of query) if (name !== 'range') parts.set(name, value);
    // As many rows as the number said, counted by what the page itself asks for.
    let rows = 0;
    for (let cursor = ''; cursor !== null; ) {
      const answer = await server.api('GET', `/api/${label === 'Enrolled' ? 'enrollments' : 'queue'}?${parts}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      rows += answer.body.data.length;
      cursor = answer.body.next_cursor;
    }
    assert.equal(rows, shown, `${label} leads to ${page.url()}`);
  }
  // Failures are grouped: words, the provider's code, how many, what to do, and the way to those people.
  await page.goto('/?range=30d');
  const failures = page.locator('.card', { hasText: 'Why messages failed' });
  await failures.getByText('131026').first().waitFor();
  const link = failures.getByRole('link').first();
  const people = number(await link.textContent());
  await link.click();
  await page.waitForURL(/status=failed.*reason=/);
  await eventually(async () => assert.equal(await page.locator('.timeline > li, tbody tr').count(), people));
  // Each period has its own.
  await advance(server, '2d');
  await page.goto('/?range=24h');
  await page.locator('.card', { hasText: 'Why messages failed' }).getByText('Nothing failed in this period.').waitFor();
  await page.getByRole('button', { name: '30 days' }).click();
  await failures.getByText('131026').first().waitFor();
  assertQuiet(page);
});

test('the period, the zone, the table and the lines', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  await populate(server, { days: 3, perDay: 16, attack: false });
  // A browser in another zone sees the server's days.
  const page = await open({ timezoneId: 'Pacific/Auckland' });
  await page.goto('/');
  await page.getByText('Times in Asia/Kolkata').first().waitFor();
  for (const [name, range] of [['24 hours', '24h'], ['30 days', '30d'], ['Custom', 'custom']]) {
    await page.getByRole('button', { name, exact: true }).click();
    await page.waitForURL(new RegExp(`range=${range}`));
  }
  const day = `${(await server.api('GET', '/api/sandbox/clock')).body.now.slice(0, 4)}-03-02`;
  const midnight = new RegExp(`^${day}$|${day.slice(0, 7)}-01T18:30:00`); // of the server's zone
  const asked = page.waitForRequest((request) => /stats\/overview/.test(request.url()) && midnight.test(new URL(request.url()).searchParams.get('from')));
  await page.getByLabel('From').first().fill(day);
  await page.getByLabel('From').first().press('Tab');
  await asked;
  await page.goto('/?range=30d');
  const chart = page.locator('figure.chart').first();
  assert.match(await chart.locator('figcaption').textContent(), /Sent: \d+/); // said to those who cannot see it
  const table = chart.locator('tbody tr');
  await chart.getByText('View as table').click();
  await table.first().waitFor();
  const sent = () => table.evaluateAll((rows) => rows.reduce((sum, row) => sum + Number(row.children[1].textContent.replace(/[^\d]/g, '')), 0));
  const tile = page.locator('.tile', { hasText: 'Sent' }).locator('.tile-value').first();
  await eventually(async () => assert.equal(await sent(), number(await tile.textContent())));
  const legend = chart.getByRole('button', { name: 'Delivered' });
  await legend.focus();
  await page.keyboard.press('Space');
  await eventually(async () => assert.equal(await legend.getAttribute('aria-pressed'), 'false'));
  assertQuiet(page);
});

test('figures follow the language and do not jump', BROWSER, async (t) => {
  const { open } = await startUi(t, { clock: 'manual' });
  const page = await open({ locale: 'hi-IN' });
  await page.route('**/api/stats/overview*', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    body.totals.sent = 1234567;
    await route.fulfill({ response: answer, json: body });
  });
  await page.goto('/');
  await page.locator('.tile-value').getByText('12,34,567').waitFor();
  assert.match(await page.locator('.tile-value').first().evaluate((element) => getComputedStyle(element).fontVariantNumeric), /tabular-nums/);
  assertQuiet(page);
});

test('the queue says why it rests, and all sending stops and goes on', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  await populate(server, { days: 1, perDay: 16, attack: false });
  const page = await open();
  await page.goto('/');
  const queue = page.locator('.card', { hasText: 'Open the queue' });
  await queue.waitFor();
  for (const fact of ['Waiting', 'Being sent', 'Oldest overdue', 'Next at', 'Rate']) await queue.getByText(fact, { exact: true }).waitFor();
  await queue.getByRole('button', { name: 'Pause all sending' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause all sending' }).click();
  const bar = page.getByRole('region', { name: 'All sending is paused.' });
  await bar.waitFor();
  await queue.getByText('Paused', { exact: true }).waitFor();
  await dialogsClosed(page);
  const wide = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await eventually(async () => { // on a phone, too, the words stand beside their icon
    const [icon, words] = await bar.evaluate((element) => [element.querySelector('.icon'), element.querySelector('strong')].map((part) => part.getBoundingClientRect()));
    assert.ok(words.left - icon.right < 24 && words.height < 30, `${icon.right} ${words.left} ${words.height}`);
  });
  await page.setViewportSize(wide);
  await page.goto('/contacts');
  await settled(page);
  await bar.getByRole('button', { name: 'Resume sending' }).click(); // the bar is on every page
  await bar.waitFor({ state: 'detached' });
  assert.equal((await server.api('GET', '/api/settings')).body.sending_paused, false);
  assertQuiet(page);
});
