// Files by drop: how they were read can be changed before anyone is enrolled, odd files come in right, an import
// can be left alone and cancelled, what was refused comes back as a harmless file, and a large file leaves the
// page alive.
//
//   CSV_MB=50 node --test test/ui_import.test.mjs      the large file, which takes a minute
import assert from 'node:assert/strict';
import { createWriteStream, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually, temporaryFolder, until } from './lib/process.mjs';
import { makeTexts, startUi } from './lib/ui.mjs';

const CSV_MB = Number(process.env.CSV_MB ?? 8);

/** Drops a file on the page, as a hand from another window does. */
async function drop(page, name, text) {
  const data = await page.evaluateHandle(([file, words]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([words], file, { type: 'text/csv' }));
    return transfer;
  }, [name, text]);
  await page.locator('.drop').dispatchEvent('dragover', { dataTransfer: data });
  await page.locator('.drop.over').waitFor();
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: data });
}

test('a dropped file, its columns, and what it refuses', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'From a file', [[1, 'Hi'], [3, 'Again']]);
  const page = await open();
  await page.goto(`/sequences/${sequence.id}/add`);
  const [sample] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download a sample file' }).click()]);
  assert.match(readFileSync(await sample.path(), 'utf8'), /^phone,name/);
  // BOM, semicolons, quotes with a line break, CRLF, blanks, 00, a local number, and a cell that is a formula.
  const rows = ['Téléphone;Nom;Ville', ' +91 98123 00001 ;"Rao; Asha\r\nPune";Pune', '00919812300002;Ravi;', '98123 00003;Kavya;Goa', '12;Bad;=2+5', '+919812300001;Twice;@x', '+91 98123 00004;"=HYPERLINK(""http://x"")";'];
  await drop(page, 'odd.csv', `\ufeff${rows.join('\r\n')}\r\n`);
  const count = (words, n) => page.locator('.verdicts li', { hasText: words }).locator('.num', { hasText: new RegExp(`^${n}$`) }).waitFor();
  await page.getByLabel('Country of numbers without +').selectOption('IN');
  await count('New', 4);
  await count('Not a valid number', 1);
  await count('Twice in the list', 1);
  await page.getByText('semicolon').waitFor();
  const column = page.getByLabel(/^Use column Ville/);
  await column.selectOption('-');
  await column.selectOption({ label: 'Field {ville}' });
  await page.getByText('First rows and what happens to them').waitFor();
  assert.equal((await server.api('GET', `/api/sequences/${sequence.id}`)).body.enrolled_count, 0);
  await page.getByRole('button', { name: 'Enroll 4 people' }).click();
  await page.locator('.card-head').getByText('Done').first().waitFor();
  const people = (await server.api('GET', `/api/sequences/${sequence.id}/enrollments?sort=enrolled_at`)).body.data;
  assert.deepEqual(people.map((one) => one.phone).sort(), ['919812300001', '919812300002', '919812300003', '919812300004']);
  assert.deepEqual(people.find((one) => one.phone === '919812300003').custom_fields, { ville: 'Goa' });
  assert.match(people.find((one) => one.phone === '919812300001').name, /^Rao; Asha\s+Pune$/);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download refused rows' }).click()]);
  const refused = readFileSync(await download.path(), 'utf8');
  assert.match(refused, /reason/);
  assert.match(refused, /'=2\+5/, 'a formula is made harmless');
  assert.match(refused, /\+919812300001/, 'a number keeps its plus');
  assertQuiet(page);
});

test('an import goes on without the page, and can be cancelled', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Long', [[1, 'Hi'], [3, 'Again']]);
  const lines = ['phone,name'];
  for (let n = 0; n < 60_000; n++) lines.push(`+9198${String(10_000_000 + n)},Person ${n}`);
  const file = { name: 'long.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) };
  const page = await open();
  await page.goto(`/sequences/${sequence.id}/add`);
  await page.getByLabel('CSV file').setInputFiles(file);
  await page.getByRole('button', { name: 'Enroll 60,000 people' }).click();
  await page.waitForURL(/batch=batch_\d+/);
  const address = page.url();
  const id = /batch=(batch_\d+)/.exec(address)[1];
  await page.close(); // the tab goes, the import stays
  const again = await open();
  await again.goto(address);
  await again.locator('.verdicts').first().waitFor(); // coming back shows it
  const cancel = again.getByRole('button', { name: 'Cancel the rest' });
  // A fast machine may have done it all before the click, or before the server hears of it: it then says 409.
  await cancel.click({ timeout: 5_000 }).catch(() => {});
  const ended = await until(async () => {
    const { body } = await server.api('GET', `/api/batches/${id}`);
    return ['completed', 'cancelled'].includes(body.status) && body;
  }, 'the import ends');
  assert.equal((await server.api('GET', `/api/sequences/${sequence.id}`)).body.enrolled_count, ended.counts.enrolled);
  await again.locator('.card-head').getByText(ended.status === 'completed' ? 'Done' : 'Cancelled').first().waitFor();

  // The table of so many people has no blanks, wherever one scrolls to.
  await again.goto(`/sequences/${sequence.id}/people`);
  const box = again.locator('.virtual');
  await box.waitFor();
  for (let step = 0; step < 8; step++) {
    await box.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await eventually(async () => assert.ok(await box.evaluate((element) => {
      const frame = element.getBoundingClientRect();
      return [...element.querySelectorAll('tbody tr:not(.spacer)')].some((row) => row.getBoundingClientRect().top < frame.bottom - 20 && row.getBoundingClientRect().bottom > frame.top + 60);
    }), 'rows are in sight'));
  }
  assertQuiet(again, ended.status === 'completed' ? [/status of 409/] : []);
});

test(`a file of ${CSV_MB} MB leaves the page alive`, { ...BROWSER, timeout: 900_000 }, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual', args: ['--import-max-mb', '200'] });
  const sequence = await makeTexts(server, 'Large', [[1, 'Hi'], [3, 'Again']]);
  const path = join(temporaryFolder(t), 'large.csv');
  const out = createWriteStream(path);
  out.write('phone,name,note\n');
  const note = 'x'.repeat(400);
  for (let size = 0, n = 0; size < CSV_MB * 1e6; n++) {
    const line = `+9198${String(10_000_000 + n)},Person ${n},${note}\n`;
    size += line.length;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  const page = await open();
  await page.goto(`/sequences/${sequence.id}/add`);
  await page.getByLabel('CSV file').waitFor({ state: 'attached' });
  // The longest time in which the page drew nothing, from the choice of the file to its preview.
  await page.evaluate(() => {
    window.longest = 0;
    let last = performance.now();
    const beat = () => {
      const now = performance.now();
      window.longest = Math.max(window.longest, now - last);
      last = now;
      requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  });
  const began = Date.now();
  await page.getByLabel('CSV file').setInputFiles(path);
  await page.getByText('First rows and what happens to them').waitFor({ timeout: 600_000 });
  const longest = await page.evaluate(() => window.longest);
  t.diagnostic(`${CSV_MB} MB: preview after ${Date.now() - began} ms, the page stood still for at most ${Math.round(longest)} ms`);
  assert.ok(longest < 5_000, `the page stood still for ${Math.round(longest)} ms`);
  assertQuiet(page);
});
