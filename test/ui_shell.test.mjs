// What every page shares: addresses that carry the view, messages with Undo, failures that can be looked
// up in the log, a server that is away, shortcuts, and signing in with patience.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER, newPage } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { ADMIN, makeTexts, settled, startUi } from './lib/ui.mjs';

test('the address carries the view, and Back undoes the last filter', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  for (const name of ['Welcome', 'Welcome back', 'Renewal']) await makeTexts(server, name, [[1, 'Hi'], [3, 'Again']]);
  await makeTexts(server, 'Sketch', [[1, 'Hi']], { status: 'draft' });
  const page = await open();
  const names = (wanted) => eventually(async () => assert.deepEqual((await page.locator('tbody .name-cell a').allTextContents()).sort(), wanted));
  await page.goto('/sequences');
  await names(['Renewal', 'Sketch', 'Welcome', 'Welcome back']);
  await page.locator('.segmented').getByRole('button', { name: 'Active' }).click();
  await page.waitForURL(/status=active/);
  await page.getByRole('searchbox').fill('welc');
  await page.waitForURL(/q=welc/);
  await names(['Welcome', 'Welcome back']);
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await page.waitForURL(/sort=/);
  await page.locator('th[aria-sort="ascending"], th[aria-sort="descending"]').getByText('Name').waitFor();
  const address = page.url();
  await page.reload();
  await names(['Welcome', 'Welcome back']);
  assert.equal(page.url(), address);
  assert.equal(await page.getByRole('searchbox').inputValue(), 'welc');
  const copied = await page.context().newPage(); // the same link in another tab gives the same view
  await copied.goto(address);
  await eventually(async () => assert.deepEqual(await copied.locator('tbody .name-cell a').allTextContents(), await page.locator('tbody .name-cell a').allTextContents()));
  await page.goBack();
  await page.waitForURL((url) => url.pathname === '/sequences' && !url.searchParams.has('sort'));
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await page.getByRole('searchbox').fill('nothing is called like this');
  await page.getByText('Nothing fits these filters').waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await names(['Renewal', 'Sketch', 'Welcome', 'Welcome back']);

  // Messages too: two filters, then one, then none.
  await page.goto('/messages');
  await settled(page);
  await page.locator('.segmented').getByRole('button', { name: 'Failed' }).click();
  await page.waitForURL(/status=failed/);
  await page.getByLabel('Sequence').selectOption({ label: 'Renewal' });
  await page.waitForURL(/sequence_id=seq_/);
  await page.goBack();
  await page.waitForURL((url) => url.searchParams.get('status') === 'failed' && !url.searchParams.has('sequence_id'));
  await page.goBack();
  await page.waitForURL((url) => url.pathname === '/messages' && url.search === '');
  assertQuiet(page);
});

test('Undo waits for those who need time, and is reached by keyboard', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Empty', [[1, 'One'], [3, 'Two', '10:00']]);
  const page = await open();
  await page.clock.install(); // the page's own time is moved by hand
  await page.goto('/sequences');
  const toast = page.locator('.toast', { hasText: 'is deleted' });
  // What the page does a frame or two after an event is done before its time is moved.
  const calm = () => page.evaluate(async () => {
    for (let frame = 0; frame < 12; frame++) await new Promise(requestAnimationFrame);
  });
  const remove = async () => {
    await page.getByRole('button', { name: /^More for “Empty/ }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await toast.waitFor();
  };
  await remove();
  assert.ok(await toast.locator('xpath=ancestor::*[@role="status"]').count(), 'it is announced');
  await toast.hover();
  await calm();
  await page.clock.fastForward(60_000);
  assert.ok(await toast.isVisible(), 'it waits while the pointer is on it');
  await page.mouse.move(0, 0);
  await toast.getByRole('button', { name: 'Undo' }).focus();
  await calm();
  await page.clock.fastForward(60_000);
  assert.ok(await toast.isVisible(), 'and while it has the focus');
  await page.keyboard.press('Enter');
  const back = await until(async () => (await server.api('GET', '/api/sequences')).body.data[0], 'the sequence is back');
  const whole = (await server.api('GET', `/api/sequences/${back.id}`)).body;
  assert.deepEqual(whole.messages.map((step) => [step.day, step.message, step.time]), [[1, 'One', null], [3, 'Two', '10:00']]);
  assert.equal(whole.name, sequence.name);
  await toast.waitFor({ state: 'detached' });
  await page.locator('tbody').getByText('Empty').waitFor();
  // How long it stays by itself is measured by the page's own time, which goes on while it is moved by hand.
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    window.toasts = [];
    new MutationObserver(() => {
      const shown = [...document.querySelectorAll('.toast')].some((one) => one.textContent.includes('is deleted'));
      if (shown !== (window.toasts.length === 1)) window.toasts.push(Date.now());
    }).observe(document.body, { childList: true, subtree: true });
  });
  await remove();
  await calm();
  await page.clock.runFor(15_000);
  await toast.waitFor({ state: 'detached' }); // and it goes by itself
  const [came, went] = await page.evaluate(() => window.toasts);
  assert.ok(went - came >= 10_000, `ten seconds are given, not ${went - came} ms`);
  assertQuiet(page);
});

test('a failure names its request, which the log knows, and the form keeps its words', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Held', [[1, 'One']]);
  const page = await open();
  // Between the look and the click somebody else takes it away; this page has not heard of it.
  let first;
  await page.route('**/api/sequences?**', async (route) => {
    first ??= route.fetch().then(async (answer) => ({ response: answer, body: await answer.text() }));
    await route.fulfill(await first);
  });
  await page.goto('/sequences');
  await page.locator('tbody').getByText('Held').waitFor();
  assert.equal((await server.api('DELETE', `/api/sequences/${sequence.id}`)).status, 204);
  await page.getByRole('button', { name: 'Pause “Held”' }).click();
  const alert = page.locator('.toast.bad').filter({ has: page.locator('code') }).first();
  await alert.waitFor();
  const id = await alert.locator('code').textContent();
  assert.match(id, /^[\w-]{8,}$/);
  await until(() => server.daemon.log.includes(id), `request ${id} is in the log`);
  await page.locator('tbody tr', { hasText: 'Held' }).getByText('Active').waitFor(); // the row is as it was
  assertQuiet(page, [/status of 404/]);

  const form = await open();
  const other = await makeTexts(server, 'Other', [[1, 'One']]);
  await form.goto(`/sequences/${other.id}/add?way=one`);
  await form.getByLabel('Phone number').fill('12345');
  await form.getByLabel('Name', { exact: true }).fill('Asha');
  await form.getByRole('button', { name: 'Enroll', exact: true }).click();
  await form.locator('[aria-invalid="true"], .alert').first().waitFor();
  assert.equal(await form.getByLabel('Phone number').inputValue(), '12345');
  assert.equal(await form.getByLabel('Name', { exact: true }).inputValue(), 'Asha');
  assertQuiet(form, [/status of 422/]);
});

test('without the server, buttons say why they fail, and nothing typed is lost', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Away', [[1, 'One']], { status: 'draft' });
  const page = await open();
  await page.goto('/sequences');
  const state = page.locator('.topbar .link-state');
  await state.getByText('Live').waitFor();
  await page.locator('tbody').getByText('Away').waitFor();
  await server.kill();
  await state.getByText('Reconnecting…').waitFor();
  await page.getByRole('button', { name: 'Create sequence' }).first().click();
  await page.getByText('The server could not be reached. Nothing was changed.').first().waitFor();
  await page.locator('tbody').getByText('Away').waitFor(); // old data stays
  await server.start();
  await state.getByText('Live').waitFor();

  await page.goto(`/sequences/${sequence.id}`);
  const text = page.getByLabel('Text', { exact: true });
  await text.waitFor();
  await server.kill();
  await text.fill('Typed while the server was away');
  await page.locator('.head-line').getByText(/not saved|could not|kept|try again/i).waitFor();
  await server.start();
  await until(async () => (await server.api('GET', `/api/sequences/${sequence.id}`)).body.messages[0].message === 'Typed while the server was away', 'it is saved when the server is back');
  assert.equal(await text.inputValue(), 'Typed while the server was away');
  assertQuiet(page, [/ERR_|EventSource|Failed to load resource/]);
});

test('shortcuts, and where the checklist is found again', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  await makeTexts(server, 'Welcome week', [[1, 'One']]);
  const page = await open();
  await page.goto('/');
  await page.locator('.setup-steps li').first().waitFor();
  await page.getByRole('button', { name: 'Hide', exact: true }).click();
  await page.locator('.setup-steps').waitFor({ state: 'detached' });
  await page.reload();
  await page.locator('.tile').first().waitFor();
  assert.equal(await page.locator('.setup-steps').count(), 0, 'hidden for good');
  await page.locator('body').press('?');
  await page.getByRole('heading', { name: 'Help', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Show the checklist on the dashboard' }).click();
  await page.locator('.setup-steps li').first().waitFor();
  const back = page.getByRole('button', { name: 'Hide', exact: true });
  await back.focus();
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog');
  await palette.waitFor();
  await page.keyboard.press('Escape');
  await palette.waitFor({ state: 'detached' });
  await eventually(async () => assert.ok(await back.evaluate((element) => element === document.activeElement), 'the focus is back'));
  // What is typed right after the shortcut is not lost.
  await page.evaluate(async () => {
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true, cancelable: true }));
    await Promise.resolve().then(() => {}).then(() => {});
  });
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'combobox');
  await page.keyboard.type('pause wel');
  await palette.getByText('Pause “Welcome week”').waitFor();
  await page.keyboard.press('Enter');
  await until(async () => (await server.api('GET', '/api/sequences')).body.data[0].status === 'paused', 'paused by the palette');
  // The banner that nothing is really sent is on every page.
  for (const where of ['/', '/sequences', '/messages', '/contacts', '/alerts', '/settings/keys', '/docs', '/help']) {
    await page.goto(where);
    await page.getByText('Nothing is really sent.').waitFor();
  }
  assertQuiet(page);
});

test('wrong tries wait longer and longer, in words', BROWSER, async (t) => {
  const { server, browser } = await startUi(t);
  const page = await newPage(browser, server.base);
  await page.goto('/');
  const password = page.getByLabel('Password', { exact: true });
  await page.getByLabel('E-mail address').fill(ADMIN.email);
  await password.fill('seen by those who want to');
  await password.press('Tab');
  await page.keyboard.press('Space');
  await eventually(async () => assert.equal(await password.getAttribute('type'), 'text'));
  await page.keyboard.press('Space');
  await eventually(async () => assert.equal(await password.getAttribute('type'), 'password'));
  for (let tries = 0; tries < 12; tries++) {
    await password.fill('not this one');
    const answer = page.waitForResponse((response) => response.url().endsWith('/api/login'));
    await password.press('Enter');
    if ((await answer).status() === 429) break;
    await page.getByRole('alert').getByText('do not belong together').waitFor();
  }
  await page.getByRole('alert').getByText(/Wait \d+ seconds/).waitFor();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), ADMIN.email);
  await page.waitForFunction(() => document.activeElement?.name === 'password');
  assertQuiet(page, [/status of (401|429)/]);
});
