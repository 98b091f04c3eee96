// The builder: Day 1, 3 and 7 by hand, a preview that follows typing, a misspelt field, saving by
// itself, two people at once, and publishing with what it does to the people inside.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAccessible, assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { enroll, makeTexts, startUi } from './lib/ui.mjs';

test('Day 1, 3 and 7 by hand', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const page = await open();
  await page.goto('/sequences');
  await page.getByRole('button', { name: 'Create sequence' }).first().click();
  await page.waitForURL(/\/sequences\/seq_\d+$/);
  const id = page.url().split('/').pop();
  await page.getByLabel('Name of the sequence').fill('Three days');
  const steps = page.locator('.steps > li');
  const bubbles = page.locator('.bubble');
  const text = page.getByLabel('Text', { exact: true });
  await text.waitFor();
  assert.equal(await steps.count(), 1);
  await text.fill('Hi *{first_name|there}*, <b>welcome</b> _here_, 2*3*4 and snake_case');
  await page.waitForFunction(() => document.querySelector('.bubble')?.textContent.includes('<b>welcome</b>'));
  await eventually(async () => {
    assert.equal(await bubbles.first().locator('strong, b').count(), 1, 'one bold word');
    assert.equal(await bubbles.first().locator('em, i').count(), 1);
  });
  assert.match(await bubbles.first().textContent(), /2\*3\*4 and snake_case/);

  // How fast the preview follows: from the keystroke to the changed bubble.
  const took = await page.evaluate(async () => {
    const area = document.querySelector('.step.open textarea');
    const began = performance.now();
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(area, `${area.value} quick`);
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
    for (;;) {
      if (document.querySelector('.bubble').textContent.includes('quick')) return performance.now() - began;
      if (performance.now() - began > 60_000) return Infinity;
      await new Promise(requestAnimationFrame);
    }
  });
  assert.ok(took < Infinity, 'the preview follows');
  t.diagnostic(`the preview followed after ${Math.round(took)} ms`);

  for (const [day, words] of [[3, 'How is it going?'], [7, 'One week, {nmae|friend}!']]) {
    await page.getByRole('button', { name: 'Add day' }).click();
    await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA'); // ready to be typed into
    await page.keyboard.type(words);
    const field = page.getByLabel('Day', { exact: true });
    await field.fill(String(day));
    await field.press('Tab');
    await page.locator('.step.open .step-day', { hasText: String(day) }).waitFor();
  }
  const days = (wanted) => eventually(async () => assert.deepEqual(await page.locator('.step-day .num').allTextContents(), wanted));
  await days(['1', '3', '7']);

  // A misspelt field is marked, keeps no one from saving, and is put right with one click.
  await page.getByText('Did you mean {name}?').first().waitFor();
  const saved = () => until(async () => (await server.api('GET', `/api/sequences/${id}`)).body.messages[2]?.message.includes('{nmae|friend}'), 'saved by itself');
  await saved();
  await page.getByRole('button', { name: 'Use {name}' }).click();
  await eventually(async () => assert.equal(await text.inputValue(), 'One week, {name|friend}!'));

  // Removing a day can be undone, moving is possible by button and by keyboard.
  await page.getByRole('button', { name: 'More for day 7' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.getByText('Day 7 removed.').waitFor();
  await days(['1', '3']);
  await page.getByRole('button', { name: 'Undo' }).hover(); // what is pointed at does not go away
  await until(async () => (await server.api('GET', `/api/sequences/${id}`)).body.messages.length === 2, 'the removal is saved');
  await page.getByRole('button', { name: 'Undo' }).click();
  await days(['1', '3', '7']);
  await until(async () => (await server.api('GET', `/api/sequences/${id}`)).body.messages.length === 3, 'the undone removal is saved too');
  await steps.nth(2).getByText(/One week/).first().waitFor();
  await page.locator('#step-2').focus();
  await page.keyboard.press('Alt+ArrowUp');
  await page.waitForFunction(() => document.querySelectorAll('.step-title')[1].textContent.includes('One week'));
  await page.keyboard.press('Alt+ArrowDown');
  await page.waitForFunction(() => document.querySelectorAll('.step-title')[2].textContent.includes('One week'));

  await eventually(async () => {
    const now = (await server.api('GET', `/api/sequences/${id}`)).body;
    assert.equal(now.name, 'Three days');
    assert.deepEqual(now.messages.map((step) => step.day), [1, 3, 7]);
    assert.equal(now.messages[2].message, 'One week, {name|friend}!');
  });
  await page.locator('.head-line').getByText(/^Saved /).waitFor();
  await page.reload();
  await steps.nth(2).waitFor();
  await days(['1', '3', '7']);
  assertQuiet(page);
});

test('two tabs, and publishing to the people inside', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const draft = (await server.api('POST', '/api/sequences', { name: 'Shared', messages: [{ day: 1, type: 'text', message: 'Old words' }] })).body;
  const mine = await open();
  const theirs = await open();
  for (const page of [mine, theirs]) {
    await page.goto(`/sequences/${draft.id}`);
    await page.getByLabel('Text', { exact: true }).waitFor();
  }
  await theirs.getByLabel('Text', { exact: true }).fill('Their words');
  await until(async () => (await server.api('GET', `/api/sequences/${draft.id}`)).body.messages[0].message === 'Their words', 'the first tab saves');
  await mine.getByLabel('Text', { exact: true }).fill('My words');
  const dialog = mine.getByRole('dialog', { name: 'Someone else saved this sequence' });
  await dialog.waitFor();
  assert.equal((await server.api('GET', `/api/sequences/${draft.id}`)).body.messages[0].message, 'Their words', 'nothing is overwritten');
  await dialog.getByRole('button', { name: 'Keep mine' }).click();
  await until(async () => (await server.api('GET', `/api/sequences/${draft.id}`)).body.messages[0].message === 'My words', 'mine is saved when asked for');
  assertQuiet(mine, [/status of 409/]);

  const live = await makeTexts(server, 'Running', [[1, 'One'], [3, 'Two'], [7, 'Three']]);
  for (let person = 0; person < 3; person++) await enroll(server, live, `91982000000${person}`);
  const page = await open();
  await page.goto(`/sequences/${live.id}`);
  await page.locator('#step-1').click();
  await page.getByLabel('Text', { exact: true }).fill('Two, better');
  await page.getByText(/not published/).waitFor();
  assert.equal((await server.api('GET', `/api/sequences/${live.id}`)).body.messages[1].message, 'Two', 'a live sequence waits for Publish');
  await page.reload(); // what was typed is kept in this browser
  await page.locator('#step-1').getByText('Two, better').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  const publish = page.getByRole('dialog', { name: 'Publish these changes?' });
  await publish.getByText('3 people are inside.').waitFor();
  await publish.getByText('3 still get it, 0 are past it').waitFor();
  await publish.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Published as version 2.').waitFor();
  assert.equal((await server.api('GET', `/api/sequences/${live.id}`)).body.messages[1].message, 'Two, better');
  assertQuiet(page);
});

test('two versions side by side', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const made = await makeTexts(server, 'Offer', [[1, 'Take 20 percent off today'], [3, 'Stays as it is'], [5, 'Goes away']]);
  const [first, second] = made.messages;
  const saved = await server.api('PUT', `/api/sequences/${made.id}?force=true`, {
    send_time: '09:30', messages: [{ ...first, message: 'Take 30 percent off today' }, second, { day: 9, message: 'Comes <b>new</b>' }],
  });
  assert.equal(saved.status, 200, saved.text);
  const page = await open();
  await page.goto(`/sequences/${made.id}?dialog=history`);
  const dialog = page.getByRole('dialog', { name: 'Version history' });
  await dialog.getByRole('button', { name: 'Compare' }).click();
  const change = (name) => dialog.locator('.compare-step').filter({ has: page.getByRole('heading', { name }) });
  await change('Day 1').waitFor();
  assert.deepEqual([await change('Day 1').locator('del').allTextContents(), await change('Day 1').locator('ins').allTextContents()], [['20'], ['30']]);
  await change('Day 5').getByText('removed').waitFor();
  await change('Day 9').getByText('Comes <b>new</b>').waitFor();
  await change('Delivery').locator('ins').first().waitFor();
  await dialog.getByText('1 message is the same in both.').waitFor();
  assert.equal(await change('Day 3').count(), 0);
  await assertAccessible(page, 'two versions compared');
  await dialog.getByLabel('With', { exact: true }).selectOption({ index: 1 }); // the old one with itself
  await dialog.getByText('Both versions say the same.').waitFor();
  await dialog.getByRole('button', { name: 'Back' }).click();
  await dialog.getByRole('button', { name: 'Restore…' }).waitFor();
  assertQuiet(page);
});
