// Two-step sign-in and one's own sessions, in the browser: switched on with the QR code's seed, asked
// for at the sign-in page, other browsers signed out.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAccessible, assertQuiet, BROWSER, newPage } from './lib/browser.mjs';
import { ADMIN, dialogsClosed, startUi } from './lib/ui.mjs';
import { calmStep, totp } from './lib/totp.mjs';

test('switch it on, sign in with a code, sign out another browser', BROWSER, async (t) => {
  const { server, browser, open } = await startUi(t);
  const page = await open();
  await page.goto('/settings/profile');
  await page.getByText('this one').waitFor();
  await page.getByRole('button', { name: 'Switch on' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Current password').fill('not the password');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByText('The current password is not right.').waitFor();
  await dialog.getByLabel('Current password').fill(ADMIN.password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByRole('img', { name: 'QR code for your authenticator app' }).locator('path[d^="M"]').waitFor();
  const secret = (await dialog.locator('.copy-line code').textContent()).replaceAll(' ', '');
  assert.match(secret, /^[A-Z2-7]{32}$/);
  await assertAccessible(page);
  await calmStep();
  await dialog.getByRole('textbox', { name: 'Code' }).fill(totp(secret));
  await dialog.getByRole('button', { name: 'Switch on' }).click();
  await dialog.getByText('Keep these recovery codes').waitFor();
  const codes = (await dialog.locator('.recovery-codes').textContent()).trim().split('\n');
  assert.equal(codes.length, 10);
  await dialog.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('It is on: signing in asks for a code').waitFor();

  const other = await newPage(browser, server.base);
  await other.goto('/');
  await other.getByLabel('E-mail address').fill(ADMIN.email);
  await other.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByRole('textbox', { name: 'Code' }).fill('000000');
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByText('This code is wrong or was used already.').waitFor();
  await other.getByRole('textbox', { name: 'Code' }).fill(codes[0]);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByRole('link', { name: 'Sequences' }).first().waitFor();

  await dialogsClosed(page);
  await page.reload();
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Signed out there.').waitFor();
  await page.getByRole('button', { name: 'Sign out everywhere else' }).waitFor({ state: 'detached' });
  await dialogsClosed(page);
  assert.equal((await other.context().request.get('/api/me')).status(), 401);

  await page.getByRole('button', { name: 'Switch off' }).click();
  await page.getByRole('dialog').getByLabel('Current password').fill(ADMIN.password);
  await page.getByRole('dialog').getByRole('textbox', { name: 'Code' }).fill(codes[1]);
  await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
  await page.getByText('Two-step sign-in is off.').waitFor();
  assertQuiet(page, [/40[13]|422/]);
});
