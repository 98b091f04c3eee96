// A newcomer's first quarter of an hour: the one-time link, the checklist that ticks itself in a tab
// nobody touches, a sequence from the sample, one number, and the first message seen to arrive.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER, newPage, watch } from './lib/browser.mjs';
import { YEAR } from './lib/drip.mjs';
import { ADMIN, setupLink, startUi } from './lib/ui.mjs';

test('from the first start to the first delivery', BROWSER, async (t) => {
  const { server, browser } = await startUi(t, { administrator: false, clock: 'manual' });
  await server.api('POST', '/api/sandbox/clock', { to: `${YEAR}-03-01T09:30:00Z` }); // a Monday
  const link = await setupLink(server);
  const page = await newPage(browser, server.base);
  const button = (name) => page.getByRole('button', { name, exact: true });

  // Any address leads to the first page, and a wrong token opens nothing.
  await page.goto('/sequences?status=active');
  await page.getByRole('heading', { name: 'Create the first administrator' }).waitFor();
  await page.getByLabel('Setup token').fill('not-the-token-of-this-server-at-all');
  await page.getByLabel('Your name').fill(ADMIN.name);
  await page.getByLabel('E-mail address').fill(ADMIN.email);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await button('Create account').click();
  await page.getByText('This is not the token of this server').waitFor();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), ADMIN.email, 'the form keeps its content');
  assertQuiet(page, [/status of 403/]);

  await page.goto(link);
  await page.getByLabel('Your name').fill(ADMIN.name);
  await page.getByLabel('E-mail address').fill(ADMIN.email);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await button('Create account').click();
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
  await page.getByText('Nothing is really sent.').waitFor();

  // This tab is only looked at from here on; the work is done in another one.
  const list = page.locator('.setup-steps > li');
  const ticked = async (name) => list.filter({ hasText: name }).and(page.locator('.done')).waitFor();
  await ticked('A number to send from'); // the list comes a moment after the heading
  assert.equal(await list.count(), 5);
  assert.equal(await page.locator('.setup-steps > li.done').count(), 1); // the first ticked step and the rest are drawn at once

  const work = await page.context().newPage();
  watch(work, server.base);
  await work.goto('/sequences');
  await work.getByRole('heading', { name: 'No sequences yet' }).waitFor();
  await work.getByRole('button', { name: 'Start from a sample' }).first().click();
  await work.getByRole('dialog').getByRole('button', { name: /Welcome week/ }).click();
  await work.getByRole('heading', { name: 'Welcome week', level: 1 }).waitFor({ state: 'attached' });
  await work.locator('.steps > li').nth(2).waitFor();
  assert.equal(await work.locator('.steps > li').count(), 3);
  await ticked('Create a sequence');

  await work.getByRole('button', { name: 'Send test' }).click();
  await work.getByLabel('Your WhatsApp number').fill('+91 98765 43210');
  await work.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
  await work.getByRole('dialog').getByText(/Sent|Delivered|Read/).waitFor();
  await work.keyboard.press('Escape');
  await ticked('Send yourself a test');
  const stats = await server.api('GET', '/api/stats/overview');
  assert.equal(stats.body.totals.sent, 0, 'a test counts in no statistics');

  await work.getByRole('button', { name: 'Start', exact: true }).click();
  await work.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).click();
  await work.getByText('“Welcome week” is running.').waitFor();
  await work.getByRole('link', { name: 'Add people' }).first().click();
  await work.getByRole('button', { name: 'One person' }).click();
  await work.getByLabel('Phone number').fill('98200 11111');
  await work.getByRole('button', { name: 'Enroll', exact: true }).click();
  await work.locator('[aria-invalid="true"], .alert').filter({ visible: true }).first().waitFor(); // without a country this number cannot be understood
  await work.getByLabel('Phone number').fill('+91 98200 11111');
  await work.getByLabel('Name', { exact: true }).fill('Asha Rao');
  await work.getByRole('button', { name: 'Enroll', exact: true }).click();
  await work.locator('.alert.good').waitFor();
  await ticked('Enroll someone');

  // The first message may wait for its hour: the bar's clock brings it, and the first tab sees it.
  await work.getByRole('button', { name: '+1 day' }).click();
  await page.locator('.tile', { hasText: 'Delivered' }).locator('.tile-value', { hasText: '1' }).waitFor();
  await page.locator('.setup-steps').waitFor({ state: 'detached' }); // all ticked: the list goes
  assertQuiet(page);
  assertQuiet(work, [/status of 422/]);
});

test('signing in: wrong words, a deep link, an ended session, signing out', BROWSER, async (t) => {
  const { server, browser, open } = await startUi(t);
  const page = await newPage(browser, server.base);
  await page.goto('/messages?status=failed');
  const form = page.locator('form');
  assert.equal(await form.getByLabel('E-mail address').getAttribute('autocomplete'), 'username');
  assert.equal(await form.getByLabel('Password', { exact: true }).getAttribute('autocomplete'), 'current-password');
  await form.getByLabel('E-mail address').fill(ADMIN.email);
  await form.getByLabel('Password', { exact: true }).fill('not this one');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('do not belong together').waitFor();
  await page.waitForFunction(() => document.activeElement?.name === 'password');
  assert.equal(await form.getByLabel('E-mail address').inputValue(), ADMIN.email);
  await page.keyboard.type(ADMIN.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Messages', level: 1 }).waitFor();
  await page.waitForURL(/\?status=failed$/);
  assertQuiet(page, [/status of 401/]);

  // The session ends while someone types: the words stay and are saved after signing in again.
  const other = await open();
  const made = await server.api('POST', '/api/sequences', { name: 'Typing', messages: [{ day: 1, type: 'text', message: 'Hello' }] });
  // What the page asks by itself is answered first, so that only the typing meets the ended session.
  const answers = ['lint', 'preview'].map((what) => page.waitForResponse((response) => response.url().endsWith(`/${what}`)));
  await page.goto(`/sequences/${made.body.id}`);
  await Promise.all(answers);
  const text = page.getByLabel('Text', { exact: true });
  await text.waitFor();
  await page.context().clearCookies();
  await text.fill('Typed while nobody was signed in');
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await dialog.waitFor();
  await dialog.getByLabel('E-mail address').fill(ADMIN.email);
  await dialog.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await text.inputValue(), 'Typed while nobody was signed in');
  await page.waitForFunction(async (path) => (await (await fetch(path)).json()).messages[0].message === 'Typed while nobody was signed in', `/api/sequences/${made.body.id}`);

  // Signing out in one tab empties the others.
  const second = await other.context().newPage();
  await other.goto('/');
  await second.goto('/contacts');
  await second.getByRole('heading', { name: 'Contacts', level: 1 }).waitFor();
  await other.bringToFront(); // a tab behind another draws nothing on a busy machine
  await other.locator('.profile').first().click();
  await other.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await second.getByRole('heading', { name: 'Sign in' }).waitFor();
});
