// What one person was shown is gone when another signs in at the same browser, also while the server is
// slow to answer.
import assert from 'node:assert/strict';
import test from 'node:test';
import { BROWSER } from './lib/browser.mjs';
import { atEnd } from './lib/process.mjs';
import { enroll, makeTexts, startUi } from './lib/ui.mjs';
import { addUser, PASSWORD } from './lib/users.mjs';

test('who signs in next sees nothing of who was there before', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Welcome', [[1, 'Hello {name}']]);
  await enroll(server, sequence, '919870000001', 'Asha Rao');
  const viewer = await addUser(server, 'next', 'viewer');
  const page = await open();
  await page.goto('/contacts');
  await page.getByRole('cell', { name: /Asha Rao/ }).waitFor();
  await page.locator('.profile').first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  let answer;
  const slow = new Promise((resolve) => (answer = resolve));
  atEnd(t, () => answer());
  await page.route('**/api/contacts?*', async (route) => {
    await slow;
    await route.continue().catch(() => undefined);
  });
  await page.getByLabel('E-mail address').fill(viewer.email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Contacts', level: 1 }).waitFor();
  await page.locator('main .card').first().waitFor();
  assert.equal(await page.getByText('Asha Rao').count(), 0, 'nothing of before is shown');
  answer();
  await page.getByRole('cell', { name: /Asha Rao/ }).waitFor();
});
