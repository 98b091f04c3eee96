// Enrolling: a messy file of 10,000 rows with its preview before anyone is enrolled, the refused rows
// downloaded, corrected and uploaded again, the paste box, and one person by hand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { makePeople, toCsv } from './lib/people.mjs';
import { eventually } from './lib/process.mjs';
import { makeTexts, startUi } from './lib/ui.mjs';

const ROWS = 10_000;
const whole = (n) => n.toLocaleString('en');

/** Cells of a CSV text, quotes and line breaks within them included. */
function parseCsv(text) {
  const rows = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (quoted && letter === '"' && text[i + 1] === '"') cell += text[++i];
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === ',') rows.at(-1).push(cell), (cell = '');
    else if (!quoted && letter === '\n') rows.at(-1).push(cell.replace(/\r$/, '')), (cell = ''), rows.push([]);
    else cell += letter;
  }
  return rows.filter((row) => row.length > 1);
}

test('a messy file, and its refused rows again', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'From a file', [[1, 'Hi {name|there}'], [3, 'Again'], [7, 'Last']]);
  const made = makePeople({ seed: 31, count: ROWS });
  for (const phone of made.optOuts) await server.api('POST', '/api/opt-outs', { phone });
  await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: [...made.alreadyActive].map((phone) => ({ phone })) });
  const wanted = {};
  for (const { verdict } of made.rows) wanted[verdict] = (wanted[verdict] ?? 0) + 1;
  const enrolledCount = async () => (await server.api('GET', `/api/sequences/${sequence.id}`)).body.enrolled_count;
  const before = await enrolledCount();

  const page = await open();
  await page.goto(`/sequences/${sequence.id}/add`);
  await page.getByLabel('CSV file').setInputFiles({ name: 'contacts.csv', mimeType: 'text/csv', buffer: toCsv(made.rows) });
  await page.getByLabel('Country of numbers without +').waitFor();
  await page.getByLabel('Country of numbers without +').selectOption('IN');
  const counts = page.locator('.verdicts');
  const count = (words, n) => counts.locator('li', { hasText: words }).locator('.num', { hasText: new RegExp(`^${whole(n)}$`) }).waitFor();
  await count('New', wanted.enrolled);
  await count('Not a valid number', wanted.invalid_phone);
  await count('Twice in the list', wanted.duplicate_in_file);
  await count('Opted out', wanted.opted_out);
  await count('Already inside', wanted.already_active);
  await count('rows in all', ROWS);
  await eventually(async () => {
    assert.equal(await page.getByLabel(/^Use column Mobile Number/).inputValue(), 'phone');
    assert.equal(await page.getByLabel(/^Use column City/).inputValue(), 'field:city');
  });
  assert.equal(await enrolledCount(), before, 'nobody is enrolled by the preview');

  await page.getByRole('button', { name: `Enroll ${whole(wanted.enrolled)} people` }).click();
  await page.locator('.card-head').getByText('Done').first().waitFor();
  await count('New', wanted.enrolled);
  await eventually(async () => assert.equal(await enrolledCount(), before + wanted.enrolled));
  await page.waitForURL(/batch=batch_\d+/); // coming back shows it again

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download refused rows' }).click()]);
  const [header, ...refused] = parseCsv(readFileSync(await download.path(), 'utf8').replace(/^\ufeff/, ''));
  const phoneColumn = header.findIndex((name) => /mobile|phone/i.test(name));
  assert.ok(phoneColumn >= 0, header.join());
  assert.ok(header.some((name) => /reason|result|error/i.test(name)), header.join());
  const reasons = refused.map((row) => row.join(' '));
  assert.ok(refused.length >= wanted.invalid_phone + wanted.invalid_row, `${refused.length} refused rows`);
  assert.ok(reasons.every((row) => row.length > 3));
  // Everyone gets a good number of their own, and a start that is a number: nothing else is touched.
  const startColumn = header.findIndex((name) => /current_day/i.test(name));
  const quote = (cell) => `"${cell.replaceAll('"', '""')}"`;
  const corrected = refused.map((row, index) => row.map((cell, column) => (column === phoneColumn ? `+91 98111 ${String(10_000 + index)}` : column === startColumn ? '' : cell)));
  const file = [header, ...corrected].map((row) => row.map(quote).join(',')).join('\r\n');
  await page.getByLabel('CSV file').setInputFiles({ name: 'contacts-corrected.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await page.getByRole('button', { name: `Enroll ${whole(corrected.length)} people` }).click();
  await page.locator('.card-head', { hasText: 'contacts-corrected.csv' }).getByText('Done').waitFor();
  await eventually(async () => assert.equal(await enrolledCount(), before + wanted.enrolled + corrected.length));
  assertQuiet(page);
});

test('the paste box and one person by hand', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'By hand', [[1, 'Hi'], [3, 'Again']]);
  const page = await open();
  await page.goto(`/sequences/${sequence.id}/add?way=paste`);
  const box = page.getByLabel(/One person per line/);
  await box.fill('+91 98765 43210, Asha Rao\n98765 43210\ncall me\n+34 612 345 678; Lucía\n');
  await page.getByText('line 3 does not look like a number: call me').waitFor();
  await page.getByLabel('Country of numbers without +').selectOption('IN');
  await page.locator('.verdicts li', { hasText: 'New' }).locator('.num', { hasText: /^2$/ }).waitFor();
  await page.locator('.verdicts li', { hasText: 'Twice in the list' }).waitFor();
  assert.equal((await server.api('GET', `/api/sequences/${sequence.id}`)).body.enrolled_count, 0);
  await page.getByRole('button', { name: 'Enroll 2 people' }).click();
  await page.getByText('2 people enrolled.').waitFor();

  // A thousand lines block the page no longer than the eye notices.
  const lines = Array.from({ length: 1_000 }, (_, index) => `+91 98200 ${10_000 + index}`).join('\n');
  const blocked = await box.evaluate((area, words) => {
    const began = performance.now();
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(area, words);
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
    return new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began))));
  }, lines);
  t.diagnostic(`a thousand pasted lines blocked the page for ${Math.round(blocked)} ms`);
  await page.getByRole('button', { name: 'Enroll 1,000 people' }).waitFor();

  await page.getByRole('button', { name: 'One person' }).click();
  await page.getByLabel('Phone number').fill('12345');
  await page.getByRole('button', { name: 'Enroll', exact: true }).click();
  await page.locator('input[aria-invalid="true"], .alert.warn, .alert.bad').first().waitFor();
  assert.equal(await page.getByLabel('Phone number').inputValue(), '12345', 'the form keeps its content');
  await page.getByLabel('Phone number').fill('+27 82 123 4567');
  await page.getByLabel('Name', { exact: true }).fill('Thandi Nkosi');
  await page.getByRole('button', { name: 'Enroll', exact: true }).click();
  await page.locator('.alert.good').getByRole('link', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Thandi Nkosi', level: 1 }).waitFor();
  assertQuiet(page, [/status of 422/]);
});
