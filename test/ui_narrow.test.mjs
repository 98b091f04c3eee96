// Every page from right to left: no findings by axe, and on a screen of 320 pixels nothing but tables of
// data moves sideways.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAccessible, assertQuiet, BROWSER } from './lib/browser.mjs';
import { places, populate, settled, startUi, TALL } from './lib/ui.mjs';

test('right to left, and on a narrow screen', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 1, perDay: 16 });
  const page = await open({ locale: 'ar', viewport: TALL, reducedMotion: 'reduce' });
  await page.goto('/');
  await settled(page);
  await page.waitForFunction(() => document.documentElement.dir === 'rtl');
  for (const where of await places(page, sequences)) {
    await page.setViewportSize(TALL);
    await page.goto(where);
    await settled(page).catch(() => {});
    await assertAccessible(page, `${where}, Arabic`);
    await page.setViewportSize({ width: 320, height: 640 });
    const sideways = await page.evaluate(() => {
      const found = [];
      if (document.documentElement.scrollWidth > innerWidth) found.push(`the page by ${document.documentElement.scrollWidth - innerWidth}`);
      for (const element of document.querySelectorAll('main *')) {
        const moves = ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth + 1;
        if (moves && !element.matches('.table-wrap, .virtual, pre, textarea, .code') && !element.querySelector('table')) found.push(element.className || element.tagName);
      }
      return found;
    });
    assert.deepEqual(sideways, [], `${where} at 320 pixels`);
  }
  assertQuiet(page);
});
