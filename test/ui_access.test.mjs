// Every page for everyone: no findings by axe in light, dark and right to left, with a dialog open and
// with an error shown; nothing but tables of data moves sideways on a screen of 320 pixels.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAccessible, assertQuiet, newPage, noBrowser } from './lib/browser.mjs';
import { ADMIN, populate, settled, startUi } from './lib/ui.mjs';

// axe judges colours only of what is in sight.
const TALL = { width: 1280, height: 2400 };

/** Changes the colours and waits until no part of the page is on its way from the old ones. */
async function colours(page, colorScheme) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.evaluate(async () => {
    for (let frame = 0; frame < 60; frame++) {
      await new Promise(requestAnimationFrame);
      if (frame > 1 && document.getAnimations().every((one) => one.playState !== 'running')) return;
    }
  });
}

async function places(page, sequences) {
  const list = await page.evaluate(async (id) => (await (await fetch(`/api/sequences/${id}/enrollments?limit=1`)).json()).data[0], sequences.welcome.id);
  const inside = `/sequences/${sequences.welcome.id}`;
  await page.goto('/settings');
  await settled(page);
  const settings = await page.locator('main .tabs a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  assert.ok(settings.length >= 4, settings.join());
  return [
    '/', '/?range=24h', '/sequences', inside, `${inside}/people`, `${inside}/add`, `${inside}/add?way=paste`, `${inside}/add?way=one`, `${inside}/add?way=api`, `${inside}/results`,
    `/people/${list.id}`, '/contacts', `/contacts/${list.phone}`, '/messages', '/docs', '/help', '/nowhere', ...settings,
  ];
}
async function assertHead(page, where, titles) {
  assert.equal(await page.locator('h1').count(), where === '/nowhere' ? await page.locator('h1').count() : 1, `one h1 on ${where}`);
  const title = await page.title();
  assert.match(title, / – /, where);
  titles.add(title);
}

test('light and dark', { skip: noBrowser, timeout: 120_000 }, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 3, perDay: 16 });
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

test('right to left, and on a narrow screen', { skip: noBrowser, timeout: 120_000 }, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 3, perDay: 16 });
  const page = await open({ locale: 'ar', viewport: TALL });
  await page.goto('/');
  await settled(page);
  assert.equal(await page.evaluate(() => document.documentElement.dir), 'rtl');
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

test('with a dialog open, and with an error shown', { skip: noBrowser, timeout: 120_000 }, async (t) => {
  const { server, browser, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 2, perDay: 16 });
  const page = await open({ viewport: TALL });
  const inside = `/sequences/${sequences.welcome.id}`;
  const dialog = page.getByRole('dialog');
  const button = (name) => page.getByRole('button', { name, exact: true });
  const inBoth = async (what) => {
    for (const colorScheme of ['light', 'dark']) {
      await colours(page, colorScheme);
      await assertAccessible(page, `${what}, ${colorScheme}`);
    }
  };
  await page.goto('/sequences');
  await settled(page);
  await button('Start from a sample').click();
  await inBoth('samples');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await dialog.waitFor();
  await inBoth('palette');
  await page.goto(inside);
  await settled(page);
  await page.getByLabel('Text', { exact: true }).fill('Changed {nmae}');
  await page.getByText('Did you mean').first().waitFor();
  await inBoth('a misspelt field');
  await button('Pause').click();
  await dialog.getByText(/paused/).first().waitFor();
  await inBoth('pausing');
  await page.keyboard.press('Escape');
  await button('Send test').click();
  await dialog.getByLabel('Your WhatsApp number').fill('12');
  await dialog.getByRole('button', { name: 'Send', exact: true }).click();
  await dialog.locator('[aria-invalid="true"], .alert').first().waitFor();
  await inBoth('a refused test');
  await page.goto(`${inside}/people`);
  await settled(page);
  await page.getByLabel('Select all rows shown').check();
  await button('Stop').click();
  await dialog.getByText(/people change/).waitFor();
  await inBoth('stopping');
  await page.goto('/settings/channels');
  await settled(page);
  await page.getByRole('button', { name: 'Connect a number' }).click();
  await dialog.waitFor();
  await inBoth('connecting a number');
  await page.goto(`${inside}/add?way=one`);
  await settled(page);
  await page.getByLabel('Phone number').fill('12345');
  await button('Enroll').click();
  await page.locator('[aria-invalid="true"], .alert.warn').first().waitFor();
  await inBoth('a refused number');
  assertQuiet(page, [/status of 422/]);

  const stranger = await newPage(browser, server.base, { locale: 'ar' });
  await stranger.goto('/');
  await stranger.locator('input[type=email]').fill(ADMIN.email);
  await stranger.locator('input[name=password]').fill('not this one');
  await stranger.keyboard.press('Enter');
  await stranger.getByRole('alert').waitFor();
  await assertAccessible(stranger, 'a refused sign-in, Arabic');
});
