// The settings page of mails: filled in by hand, tested with a mail server that first says no.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSER } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { startSmtp } from './lib/smtp.mjs';
import { startUi } from './lib/ui.mjs';

test('mails are set up and tried, and the password never comes back', BROWSER, async (t) => {
  const login = { user: 'drip', password: 'canary-Pa55word' };
  const smtp = await startSmtp(t, { login });
  const { server, open } = await startUi(t);
  const page = await open();
  await page.goto('/settings/email');
  const field = (name) => page.getByLabel(name, { exact: true });
  await field('Server name').fill('127.0.0.1');
  await field('Encryption').selectOption('none');
  await field('Port').fill(String(smtp.port));
  await field('Sender').fill('drip@example.org');
  await field('Recipients').fill('anna@example.org\nben@example');
  await field('User').fill('drip');
  await field('Password').fill('wrong');
  await page.getByLabel(/^Daily summary/).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  const button = page.getByRole('button', { name: 'Send a test mail' });
  await button.click();
  await page.getByText('535 5.7.8 user or password is wrong').waitFor();
  await field('Recipients').fill('nobody');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('number 1 is no email address').waitFor();
  await field('Recipients').fill('anna@example.org');
  await field('Password').fill(login.password);
  await page.getByLabel(/^Send mails about alerts/).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await until(async () => (await server.api('GET', '/api/settings/email')).body.enabled, 'it is saved');
  await eventually(async () => assert.equal(await field('Password').inputValue(), '')); // the page hears of it a moment later
  await button.click();
  await page.getByText('The mail server took the test mail.').waitFor();
  await until(() => smtp.mails.length === 1, 'the test mail');
  assert.deepEqual(smtp.mails[0].to, ['anna@example.org']);
  assert.equal(smtp.mails[0].user, 'drip');
  const saved = (await server.api('GET', '/api/settings/email')).body;
  assert.deepEqual([saved.digest_time, saved.port, saved.password_set, saved.severities.length], ['08:00', smtp.port, true, 2]);
  assert.ok(!(await page.content()).includes(login.password));
  if (process.env.DRIPLINE_PICTURE) await page.screenshot({ path: process.env.DRIPLINE_PICTURE, fullPage: true });
});
