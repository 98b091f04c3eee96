// Every page for everyone: no findings by axe in light and in dark, one heading, and a title of its own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAccessible, assertQuiet, BROWSER } from './lib/browser.mjs';
import { assertHead, colours, places, populate, settled, startUi, TALL } from './lib/ui.mjs';

test('light and dark', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 1, perDay: 16 });
  const page = await open({ viewport: TALL });
  await page.goto('/');
  const titles = new Set();
  const all = await places(page, sequences);
  for (const where of all) {
    await colours(page, 'light');
    await page.goto(where);
    await settled(page).catch(() => {});
    if (where !== '/nowhere') await assertHead(page, where, titles);
    await assertAccessible(page, `${where}, light`);
    await colours(page, 'dark');
    await assertAccessible(page, `${where}, dark`);
  }
  assert.ok(titles.size >= 12, [...titles].join('; '));
  assertQuiet(page);
});
