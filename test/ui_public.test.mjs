// The hosted form and the opt-out page as people see them: no findings by axe, no script needed, and they
// do what they say.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER, newPage } from './lib/browser.mjs';
import { assertPublicPages } from './lib/pages.mjs';
import { until } from './lib/process.mjs';
import { makeTexts, startUi } from './lib/ui.mjs';

test('the pages for people without an account', BROWSER, assertPublicPages);

test('joining and leaving, without JavaScript', BROWSER, async (t) => {
  const { server, browser } = await startUi(t, { clock: 'manual' });
  await server.api('PUT', '/api/settings', { public_url: server.base, default_country: 'IN' });
  const sequence = await makeTexts(server, 'Tips', [[1, 'Hello. To stop: {opt_out_link}'], [3, 'Again']]);
  const form = (await server.api('POST', `/api/sequences/${sequence.id}/form`)).body;
  const page = await newPage(browser, server.base, { javaScriptEnabled: false });
  await page.goto(form.path);
  await page.locator('input[name=phone]').fill('12');
  await page.locator('input[name=consent]').check();
  await page.locator('button[type=submit], input[type=submit]').click();
  await page.locator('[aria-invalid=true]').waitFor(); // what was wrong is said, what was typed stays
  assert.equal(await page.locator('input[name=phone]').inputValue(), '12');
  await page.locator('input[name=phone]').fill('+91 98765 43210');
  if (!(await page.locator('input[name=consent]').isChecked())) await page.locator('input[name=consent]').check();
  await page.locator('button[type=submit], input[type=submit]').click();
  await page.waitForURL(/\/done$/);
  const message = await until(async () => (await server.api('GET', `/api/queue?sequence_id=${sequence.id}`)).body.data.find((row) => row.message?.includes('/o/')), 'the first message');
  const status = async () => (await server.api('GET', `/api/sequences/${sequence.id}/enrollments`)).body.data[0].status;
  await page.goto(new URL(message.message.split('stop: ')[1]).pathname);
  assert.equal(await status(), 'active', 'looking changes nothing');
  await page.locator('button[type=submit], input[type=submit], button').first().click();
  await until(async () => (await status()) === 'opted_out', 'opted out');
  assertQuiet(page, [/status of 422/]);
});

test('the form asks for a message from the own number when its box is ticked', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Tips', [[1, 'Hello']]);
  const page = await open();
  const box = page.getByRole('checkbox', { name: 'Ask people to confirm on WhatsApp' });
  const form = async () => (await server.api('GET', `/api/sequences/${sequence.id}/form`)).body;
  await page.goto(`/sequences/${sequence.id}/add?way=form`);
  await box.check();
  await page.getByRole('button', { name: 'Create the form' }).click();
  await page.getByText('Link to the form').waitFor();
  assert.equal((await form()).confirm, true);
  await page.reload();
  await box.waitFor();
  await until(() => box.isChecked(), 'the box after a reload');
  await box.uncheck();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await until(async () => (await form()).confirm === false, 'saved without confirming');
  assertQuiet(page);
});
