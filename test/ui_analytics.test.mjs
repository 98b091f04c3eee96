// The results of a sequence in the browser: cohorts, forecast and downloads say what the API says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertQuiet, BROWSER } from './lib/browser.mjs';
import { advance } from './lib/server.mjs';
import { makeTexts, startUi } from './lib/ui.mjs';

const phone = (index) => `9198765${String(20000 + index)}`;

test('cohorts, what comes next, and every table to download', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Onboarding', [[1, 'Hello {name|there}. Reply STOP to leave.'], [3, 'Day three', '09:30'], [30, 'A month!', '10:00']]);
  let next = 0;
  for (let day = 0; day < 4; day++) {
    const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: Array.from({ length: 5 + 3 * day }, () => ({ phone: phone(next++) })) });
    assert.equal(answer.status, 200, answer.text);
    await advance(server, '1d');
  }
  const page = await open();
  await page.goto(`/sequences/${sequence.id}/results`);
  const cohorts = page.getByRole('region', { name: 'By day of enrollment' });
  await cohorts.getByRole('row').nth(4).waitFor();
  const zone = (await server.api('GET', '/api/settings')).body.timezone;
  const { body } = await server.api('GET', `/api/sequences/${sequence.id}/cohorts?timezone=${zone}`);
  const shown = await cohorts.locator('tbody tr').evaluateAll((rows) => rows.map((row) => Number(row.cells[1].textContent)));
  assert.deepEqual(shown, body.cohorts.map((cohort) => cohort.enrolled).reverse());
  await page.getByLabel('Share shown').selectOption('sent');
  const first = cohorts.locator('tbody tr').last().locator('td').nth(3);
  await page.waitForFunction((cell) => cell.textContent === '100%', await first.elementHandle());

  const coming = page.locator('section.card', { has: page.getByRole('heading', { name: 'What comes next' }) });
  await coming.getByText(/messages are planned for the people inside now/).waitFor();
  await coming.getByRole('button', { name: '90 days' }).click();
  await coming.getByText('View as table').click();
  await page.waitForFunction((card) => card.querySelectorAll('tbody tr').length === 90, await coming.elementHandle());
  await coming.getByRole('button', { name: '3 days by hour' }).click();
  await page.waitForFunction((card) => card.querySelectorAll('tbody tr').length === 72, await coming.elementHandle());
  await assertAccessible(page, 'results');

  const tables = [`/sequences/${sequence.id}/results`, '/', '/messages', '/contacts', '/contacts?view=opted-out', '/batches', '/alerts', `/sequences/${sequence.id}/people`, '/settings/audit'];
  const seen = new Set();
  for (const path of tables) {
    await page.goto(path);
    const links = page.getByRole('link', { name: 'Download CSV' });
    await links.first().waitFor();
    for (const href of await links.evaluateAll((list) => list.map((link) => link.getAttribute('href')))) {
      const answer = await page.context().request.get(href);
      assert.equal(answer.status(), 200, `${path}: ${href}`);
      assert.match(answer.headers()['content-type'], /^text\/csv/);
      seen.add(new URL(href, 'http://x').pathname);
    }
  }
  assert.ok(seen.size >= 10, [...seen].join(' '));
  assertQuiet(page);
});
