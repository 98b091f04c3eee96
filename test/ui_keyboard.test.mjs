// The whole job with the keyboard alone: a sequence of two days, one person enrolled, then paused.
// At each stop the focus must be seen and lie under no bar.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { dialogsClosed, makeTexts, startUi } from './lib/ui.mjs';

const MAX_STOPS = 150;

/** What is wrong with how the focused element shows, or null. */
function focusProblem() {
  const element = document.activeElement;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none' || element.closest('.segmented, .check, .field, .search');
  if (!ring) return `no ring on ${element.outerHTML.slice(0, 120)}`;
  if (box.bottom < 0 || box.top > innerHeight) return `out of sight: ${element.outerHTML.slice(0, 120)}`;
  const hit = document.elementFromPoint(Math.min(innerWidth - 1, Math.max(0, box.left + box.width / 2)), Math.min(innerHeight - 1, Math.max(0, box.top + Math.min(box.height / 2, 200))));
  if (hit && !element.contains(hit) && !hit.contains(element)) return `covered by ${hit.outerHTML.slice(0, 120)}`;
  return null;
}

test('the keyboard alone', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const page = await open();
  const keys = page.keyboard;
  const tabTo = async (locator) => {
    await locator.first().waitFor();
    for (let stop = 0; stop < MAX_STOPS; stop++) {
      if (await locator.evaluateAll((all) => all.includes(document.activeElement))) {
        return eventually(async () => assert.equal(await page.evaluate(focusProblem), null)); // a page may still be on its way to the focus
      }
      await keys.press('Tab');
    }
    assert.fail(`not reached with ${MAX_STOPS} tabs: ${locator}`);
  };
  const press = async (locator, key = 'Enter') => {
    await tabTo(locator);
    await keys.press(key);
  };
  const button = (name) => page.getByRole('button', { name, exact: true });
  const dialog = page.getByRole('dialog');

  await page.goto('/');
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
  await keys.press('Tab');
  await page.waitForFunction(() => document.activeElement.textContent.trim() === 'Skip to the content');
  await press(page.getByRole('link', { name: 'Sequences', exact: true }));
  await press(button('Create sequence'));
  await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
  await keys.type('Good morning');
  await press(button('Add day'));
  await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA' && document.activeElement.value === '');
  await keys.type('And one more');
  await page.locator('.head-line').getByText(/^Saved /).waitFor();
  await press(button('Start'));
  await dialog.waitFor();
  await press(dialog.getByRole('button', { name: 'Start', exact: true }));
  await page.locator('.sequence-head').getByText('Active', { exact: true }).waitFor();
  await dialogsClosed(page);

  await press(page.locator('.tabs').getByRole('link', { name: 'Add people' }));
  await press(button('One person'));
  await tabTo(page.getByLabel('Phone number'));
  await keys.type('+91 98200 11111');
  await tabTo(page.getByLabel('Name', { exact: true }));
  await keys.type('Kavya');
  await keys.press('Enter');
  await page.locator('.alert.good').waitFor();

  await press(page.locator('.tabs').getByRole('link', { name: /^People/ }));
  await press(page.getByRole('checkbox', { name: 'Select Kavya' }), 'Space');
  await press(page.locator('.selection-bar').getByRole('button', { name: 'Pause' }));
  await dialog.getByText('1 of 1 people change.').waitFor();
  await press(dialog.getByRole('button', { name: 'Pause', exact: true }));
  const sequence = (await server.api('GET', '/api/sequences')).body.data[0];
  await until(async () => (await server.api('GET', `/api/sequences/${sequence.id}`)).body.paused_count === 1, 'paused');
  assert.equal(sequence.total_days, 2);

  // The palette opens, finds by a part of the name, and gives the focus back.
  await dialog.getByText('Done for 1 person.').waitFor();
  await keys.press('Escape');
  await dialogsClosed(page);
  await keys.press('Control+k');
  await dialog.waitFor();
  await keys.type('dash');
  await keys.press('Enter');
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
  assertQuiet(page);
});

test('a menu at the lower edge of the window is in sight as a whole, and takes the focus', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Low', [[1, 'One'], [3, 'Two']], { status: 'draft' });
  const page = await open();
  await page.goto(`/sequences/${sequence.id}`);
  const button = page.getByRole('button', { name: 'More for day 3' });
  await button.waitFor();
  await page.getByText('no message says how to stop').waitFor(); // what is found arrives later, and moves the button
  for (const room of [20, 400]) { // pixels below the button; little room, and enough
    await page.setViewportSize({ width: 1280, height: 900 });
    const bottom = await button.evaluate((element) => element.getBoundingClientRect().bottom);
    await page.setViewportSize({ width: 1280, height: Math.round(bottom) + room });
    await button.press('Enter');
    const menu = page.getByRole('menu');
    const items = menu.getByRole('menuitem');
    await items.first().waitFor();
    await eventually(async () => {
      const { top, bottom: end } = await menu.evaluate((element) => element.getBoundingClientRect());
      const height = await page.evaluate(() => innerHeight);
      assert.ok(top >= 0 && end <= height, `${room}: from ${top} to ${end} of ${height}`);
      assert.ok(await items.first().evaluate((element) => element === document.activeElement), 'the first item has the focus');
    });
    // The window gets lower under the open menu, as when a phone is turned: it stays in sight.
    await page.setViewportSize({ width: 1280, height: Math.round(bottom) + 10 });
    await eventually(async () => {
      const { bottom: end } = await menu.evaluate((element) => element.getBoundingClientRect());
      assert.ok(end <= Math.round(bottom) + 10, `${room}: to ${end}`);
    });
    // Something arrives above the button: the menu goes with it, but never out of sight.
    for (const more of [-40, 4000]) {
      await button.evaluate((element, pixels) => { element.closest('main').style.marginTop = `${pixels}px`; }, more);
      await eventually(async () => {
        const { top, end, moved } = await button.evaluate((element) => {
          const shown = document.querySelector('[role="menu"]:popover-open').getBoundingClientRect();
          return { top: shown.top, end: shown.bottom, moved: element.getBoundingClientRect().top };
        });
        assert.ok(top >= 0 && end <= Math.round(bottom) + 10, `${more}: from ${top} to ${end}`);
        if (more < 0) assert.ok(Math.abs(end + 4 - moved) < 1, `${more}: ends at ${end}, the button begins at ${moved}`);
      });
      await button.evaluate((element) => { element.closest('main').style.marginTop = ''; });
    }
    await page.keyboard.press('ArrowDown');
    await eventually(async () => assert.ok(await items.nth(1).evaluate((element) => element === document.activeElement), 'arrows move'));
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
    await eventually(async () => assert.ok(await button.evaluate((element) => element === document.activeElement), 'the focus is back'));
  }
  assertQuiet(page);
});
