// Open dialogs stand in the address: a reload and a link in another tab open them again, Back closes them and
// nothing else, and closing one leaves no trace in the history.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually } from './lib/process.mjs';
import { dialogsClosed, enroll, makeTexts, settled, startUi } from './lib/ui.mjs';

test('each dialog can be linked to, and Back closes it', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Welcome', [[1, 'Hello'], [3, 'Still here?']]);
  const person = (await enroll(server, sequence, '919812300001', 'Asha Rao')).enrollment ?? (await server.api('GET', `/api/sequences/${sequence.id}/enrollments`)).body.data[0];
  const inside = `/sequences/${sequence.id}`;
  const page = await open();
  const dialog = page.getByRole('dialog');
  const main = page.locator('main');
  const button = (name) => main.getByRole('button', { name, exact: true });
  const places = [
    ['/sequences', () => button('Start from a sample').click(), 'Start from a sample'],
    [inside, () => button('Send test').click(), 'Send a test'],
    [inside, () => button('Pause').click(), 'Pause “Welcome”?'],
    [inside, async () => {
      await main.locator('.page-head').getByRole('button', { name: 'More', exact: true }).click();
      await page.getByRole('menuitem', { name: 'Version history' }).click();
    }, 'Version history'],
    [`/people/${person.id}`, () => button('Stop').click(), 'Stop these people?'],
    [`/contacts/${person.phone}`, () => button('Edit').click(), 'Edit contact'],
    ['/contacts', () => button('Opt someone out').click(), 'Opt someone out'],
    [`${inside}/people`, async () => {
      await page.getByRole('checkbox', { name: 'Select Asha Rao' }).check();
      await button('Stop').click();
    }, 'Stop these people?'],
  ];
  for (const [where, act, title] of places) {
    await page.goto('/help');
    await page.goto(where);
    await settled(page);
    const shown = dialog.getByRole('heading', { name: title });
    await act();
    await shown.waitFor();
    const address = page.url();
    assert.match(address, /[?&]dialog=/, where);
    await page.reload();
    await shown.waitFor();
    await page.goBack();
    await dialog.waitFor({ state: 'detached' });
    assert.equal(new URL(page.url()).pathname, where);
    assert.doesNotMatch(page.url(), /dialog=/);

    // Closed by hand: Back then leaves the page, as if the dialog had never been.
    await settled(page);
    await act();
    await shown.waitFor();
    await page.keyboard.press('Escape');
    await dialogsClosed(page);
    assert.doesNotMatch(page.url(), /dialog=/);
    await page.goBack();
    await page.waitForURL(/\/help$/);

    // A link that somebody sent.
    const other = await page.context().newPage();
    await other.goto(address);
    await other.getByRole('dialog').getByRole('heading', { name: title }).waitFor();
    await other.keyboard.press('Escape');
    await other.getByRole('dialog').waitFor({ state: 'detached' });
    await eventually(() => assert.doesNotMatch(other.url(), /dialog=|who=/));
    assert.equal(new URL(other.url()).pathname, where);
    await other.close();
  }
  assertQuiet(page);
});

test('what a dialog is about comes along, and a question is answered with no by Back', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Welcome', [[1, 'Hello'], [3, 'Still here?']]);
  for (let index = 1; index <= 3; index++) await enroll(server, sequence, `91981230000${index}`, `Person ${index}`);
  const page = await open();
  const dialog = page.getByRole('dialog');
  const people = `/sequences/${sequence.id}/people`;
  await page.goto(`${people}?status=active`);
  await page.getByRole('checkbox', { name: 'Select Person 1' }).check();
  await page.getByRole('checkbox', { name: 'Select Person 3' }).check();
  await page.getByRole('button', { name: 'Pause', exact: true }).last().click();
  await dialog.getByText('2 of 2 people change.').waitFor();
  await page.reload();
  await dialog.getByText('2 of 2 people change.').waitFor();
  await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
  await dialog.getByText('Done for 2 people.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await dialogsClosed(page);
  assert.equal((await server.api('GET', `/api/sequences/${sequence.id}`)).body.paused_count, 2);
  await page.waitForURL(/people\?status=active$/);

  await page.goto('/help');
  await page.goto('/sequences');
  await page.getByRole('button', { name: 'More for “Welcome”' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog.getByText('Type “Welcome” to confirm').waitFor();
  await page.goBack();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).pathname, '/sequences');
  assert.equal((await server.api('GET', `/api/sequences/${sequence.id}`)).status, 200);
  await page.getByRole('button', { name: 'More for “Welcome”' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog.getByLabel('Type “Welcome” to confirm').fill('Welcome');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('“Welcome” is deleted.').waitFor();
  await dialogsClosed(page);
  await page.goBack();
  await page.waitForURL(/\/help$/); // the question left nothing behind
  assertQuiet(page);
});
