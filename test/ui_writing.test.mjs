// Writing in the builder: days by one click each, moving by buttons, keys and dragging, a preview that
// looks like WhatsApp, limits, what blocks publishing, and nothing lost when the browser dies.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { dialogsClosed, enroll, makeTexts, startUi } from './lib/ui.mjs';

const draftOf = async (server, name, messages = [{ day: 1, type: 'text', message: 'Hello' }]) => (await server.api('POST', '/api/sequences', { name, messages })).body;

/** Drags as a hand does: until the place under the pointer shows that it is the one. */
async function drag(page, what, to, shown) {
  const middle = async (locator) => {
    const box = await locator.boundingBox();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  await page.evaluate(() => addEventListener('dragstart', () => (globalThis.held = true), { capture: true }));
  await eventually(async () => { // what comes late may move it from under the hand: then it is not held, and one tries again
    await page.evaluate(() => (globalThis.held = false));
    const [x, y] = await middle(what);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 6, y + 6, { steps: 3 });
    const held = await page.evaluate(() => globalThis.held);
    if (!held) await page.mouse.up();
    assert.ok(held, 'the grip is held');
  });
  await eventually(async () => {
    const [x, y] = await middle(to);
    await page.mouse.move(x, y - 6, { steps: 4 });
    await page.mouse.move(x, y, { steps: 4 });
    assert.ok(await shown.isVisible());
  });
  await page.mouse.up();
}

test('days are added, moved by button, key and pointer', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const draft = await draftOf(server, 'Days');
  const page = await open();
  await page.goto(`/sequences/${draft.id}`);
  const said = page.locator('.visually-hidden[role="status"]');
  const titles = (wanted) => eventually(async () => assert.deepEqual((await page.locator('.step-title .truncate').allTextContents()).map((text) => text.trim()), wanted));
  await page.locator('.schedule-words').waitFor(); // comes a moment later and moves what is below it
  for (let day = 2; day <= 6; day++) {
    await page.getByRole('button', { name: 'Add day' }).click();
    await said.getByText(`Day ${day} added`).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA' && document.activeElement.value === '');
    await page.keyboard.type(`Words ${day}`);
  }
  await titles(['Hello', 'Words 2', 'Words 3', 'Words 4', 'Words 5', 'Words 6']);
  const step = (n) => page.locator('.steps > li').nth(n);
  await step(5).getByRole('button', { name: 'Move up' }).click();
  await said.getByText('Moved to place 5 of 6').waitFor();
  await titles(['Hello', 'Words 2', 'Words 3', 'Words 4', 'Words 6', 'Words 5']);
  await page.locator('#step-0').focus();
  await page.keyboard.press('Alt+ArrowDown');
  await said.getByText('Moved to place 2 of 6').waitFor();
  await titles(['Words 2', 'Hello', 'Words 3', 'Words 4', 'Words 6', 'Words 5']);
  await page.waitForFunction(() => document.activeElement?.id === 'step-1'); // the focus goes along
  await step(5).scrollIntoViewIfNeeded();
  await drag(page, step(5).locator('.grip'), step(2).locator('.step-head'), page.locator('.step.target'));
  await titles(['Words 2', 'Hello', 'Words 5', 'Words 3', 'Words 4', 'Words 6']);
  const days = (await page.locator('.step-day .num').allTextContents()).map(Number);
  assert.deepEqual(days, [...days].sort((a, b) => a - b), 'the days stay in order');
  await until(async () => (await server.api('GET', `/api/sequences/${draft.id}`)).body.messages[2]?.message === 'Words 5', 'it is saved');
  assertQuiet(page);
});

test('the preview looks as WhatsApp does, for whoever is chosen', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const live = await makeTexts(server, 'Looks', [[1, 'Hi {name|there}'], [3, 'Two']]);
  await enroll(server, live, '919812300001', 'Asha Rao', { custom_fields: { city: 'Pune' } });
  await enroll(server, live, '919812300002');
  const page = await open();
  await page.goto(`/sequences/${live.id}`);
  const text = page.getByLabel('Text', { exact: true });
  const bubble = page.locator('.bubble').first();
  await text.fill('*b* _i_ ~s~ `m` https://example.org/' + 'x'.repeat(80) + '\n- one\n> said\n1. first\nCity: {city}');
  for (const part of ['strong', 'em', 's', 'code', '.wa-link', '.wa-quote']) await bubble.locator(part).first().waitFor();
  await eventually(async () => assert.equal(await bubble.locator('.wa-item').count(), 2));
  assert.ok(await bubble.evaluate((box) => box.scrollWidth <= box.clientWidth + 1), 'a long address wraps');
  await bubble.locator('.wa-missing').getByText('city').waitFor(); // nobody gave the sample a city
  await page.getByText('1 of 2 people inside has no {city}.').waitFor();
  await page.getByLabel('Preview as').selectOption('contact');
  await page.locator('.preview').getByLabel('Phone number').fill('919812300001');
  await page.locator('.preview').getByRole('button', { name: 'Show' }).click();
  await bubble.getByText('City: Pune').waitFor();
  await page.getByLabel('Preview as').selectOption('nameless');
  await text.fill('Hi {name|there}');
  await bubble.getByText('Hi there').waitFor();
  // When it goes out is said in words, with the zone.
  await page.locator('.schedule-words').getByText('If enrolled now:').waitFor();

  // An Arabic message in an English page runs from right to left, in the field and in the bubble.
  await text.fill('مرحبا {name|صديقي}! كيف حالك؟');
  await bubble.getByText('مرحبا').waitFor();
  const direction = (locator) => locator.evaluate((element) => [getComputedStyle(element).direction, getComputedStyle(element).textAlign]);
  assert.equal((await direction(text))[0], 'rtl');
  const [flow, align] = await direction(bubble.locator('.wa-text'));
  assert.ok(flow === 'rtl' && ['start', 'right'].includes(align), `${flow} ${align}`);
  await text.fill('नमस्ते दुनिया 👩‍👩‍👧‍👦🇮🇳');
  await bubble.getByText('नमस्ते दुनिया 👩‍👩‍👧‍👦🇮🇳').waitFor();
  assertQuiet(page);
});

test('what is wrong blocks publishing, never saving', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const draft = await draftOf(server, 'Limits');
  const page = await open();
  await page.goto(`/sequences/${draft.id}`);
  const text = page.getByLabel('Text', { exact: true });
  const saved = (words) => until(async () => (await server.api('GET', `/api/sequences/${draft.id}`)).body.messages[0].message === words, 'saved');
  await text.fill('Hi {nmae}, reply STOP to end.');
  await page.getByText('Did you mean {name}?').waitFor();
  await saved('Hi {nmae}, reply STOP to end.');
  const publish = page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true });
  await page.locator('.chip.bad').first().waitFor(); // the server's findings are in
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('dialog').getByText(/must be solved first/).waitFor();
  assert.ok(await publish.isDisabled());
  await page.keyboard.press('Escape');
  await dialogsClosed(page);
  // The count is the server's: 4,096 units, an emoji counts two.
  await text.fill('😀'.repeat(2048));
  await page.getByText('4,096 / 4,096').waitFor();
  await saved('😀'.repeat(2048));
  await text.fill(`${'😀'.repeat(2048)}x`);
  await page.getByText('4,097 / 4,096').waitFor();
  await page.getByText('Too long by 1 characters').or(page.getByText('Too long by 1 character')).first().waitFor();
  await eventually(async () => assert.equal(await text.getAttribute('aria-invalid'), 'true'));
  assertQuiet(page, [/status of 422/]);
});

test('what was typed outlives the browser', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const live = await makeTexts(server, 'Crash', [[1, 'Before'], [3, 'Two']]);
  const page = await open();
  await page.goto(`/sequences/${live.id}`);
  await page.getByLabel('Text', { exact: true }).fill('Typed a moment before the end');
  await page.locator('.bubble').first().getByText('a moment before').waitFor();
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => {}); // is never answered
  await crashed;
  const again = await page.context().newPage();
  await again.goto(`/sequences/${live.id}`);
  await eventually(async () => assert.equal(await again.getByLabel('Text', { exact: true }).inputValue(), 'Typed a moment before the end'));
  assert.equal((await server.api('GET', `/api/sequences/${live.id}`)).body.messages[0].message, 'Before', 'a live sequence waits for Publish');
});
