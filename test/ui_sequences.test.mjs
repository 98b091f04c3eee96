// The list of sequences: empty in two ways, pausing at once and back when it is refused, copies, deleting with
// and without people, and what each row says.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { advance } from './lib/server.mjs';
import { believablePeople, enroll, makeTexts, startUi } from './lib/ui.mjs';

test('the list and what can be done with each', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const page = await open();
  const button = (name) => page.getByRole('button', { name, exact: true });
  const menu = async (name, item) => {
    await page.getByRole('button', { name: `More for “${name}”` }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await page.goto('/sequences');
  await page.getByRole('heading', { name: 'No sequences yet' }).waitFor();
  await page.locator('.empty').getByRole('button', { name: 'Create sequence' }).waitFor();
  await page.locator('.empty').getByRole('button', { name: 'Start from a sample' }).waitFor();

  const sequence = await makeTexts(server, 'Course', [[1, 'One'], [3, 'Two', '10:00'], [5, 'Three']]);
  await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: believablePeople(4, 12) });
  await advance(server, '1h');
  const row = page.locator('tbody tr', { hasText: 'Course' }).first();
  await row.getByText('Active').waitFor(); // came by itself, with its icon and word
  await row.locator('.status .icon').waitFor();
  await eventually(async () => {
    const cells = await row.locator('td').allTextContents();
    assert.ok(cells.includes('5'), `five days: ${cells}`);
    assert.ok(cells.includes('12'), `twelve inside: ${cells}`);
    assert.ok(cells.some((cell) => /^100\s*%$/.test(cell)), `all delivered: ${cells}`);
  });

  // Pausing shows at once, says what is held, and offers the way back.
  await button('Pause “Course”').click();
  await page.locator('.toast').getByText(/Course.+is paused; \d+ waiting messages? (is|are) held back/).waitFor();
  await page.locator('.toast').getByRole('button', { name: 'Resume' }).click();
  await row.getByText('Active').waitFor();
  await until(async () => (await server.api('GET', `/api/sequences/${sequence.id}`)).body.status === 'active', 'it runs again');
  // The server refuses: the row goes back and the reason is said.
  await page.route('**/api/sequences/*/pause*', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Conflict', status: 409, code: 'invalid_status', detail: 'it was archived by somebody else', request_id: '0123456789abcdef' }) }));
  await button('Pause “Course”').click();
  await page.locator('.toast.bad').getByText('it was archived by somebody else').waitFor();
  await row.getByText('Active').waitFor();
  await page.unroute('**/api/sequences/*/pause*');

  await menu('Course', 'Clone');
  await page.locator('tbody').getByText('Course (copy)').waitFor();
  const copy = (await server.api('GET', '/api/sequences?q=copy')).body.data[0];
  const whole = (await server.api('GET', `/api/sequences/${copy.id}`)).body;
  assert.deepEqual([whole.status, whole.enrolled_count, whole.messages.map((step) => step.day)], ['draft', 0, [1, 3, 5]]);

  // With people inside the name must be typed; how many they are is said.
  await menu('Course', 'Delete');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('12 people were enrolled in it.').waitFor();
  const confirm = dialog.getByRole('button', { name: 'Delete' });
  assert.ok(await confirm.isDisabled());
  await dialog.getByRole('textbox').fill('Cours');
  assert.ok(await confirm.isDisabled());
  await dialog.getByRole('textbox').fill('Course');
  await confirm.click();
  await until(async () => (await server.api('GET', `/api/sequences/${sequence.id}`)).status === 404, 'it is deleted');
  await page.locator('tbody tr', { hasText: 'Course (copy)' }).waitFor();
  await eventually(async () => assert.equal(await page.locator('tbody tr').count(), 1));
  assertQuiet(page, [/status of 409/]);
});

test('people who come in while one reads', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Growing', [[1, 'One'], [3, 'Two']]);
  await enroll(server, sequence, '919812300001', 'Asha Rao');
  const page = await open();
  await page.goto('/');
  const recent = page.locator('.recent li');
  await recent.getByText('Asha Rao').waitFor();
  assert.match(await recent.first().locator('time').getAttribute('datetime'), /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.ok((await recent.first().locator('time').getAttribute('title')).length > 10, 'the whole date on hover');
  await recent.first().getByText('Growing').waitFor();
  await enroll(server, sequence, '919812300002', 'Ravi Menon');
  await eventually(async () => assert.match(await recent.first().textContent(), /Ravi Menon/));
  assert.match(await recent.nth(1).textContent(), /Asha Rao/);
  assertQuiet(page);
});
