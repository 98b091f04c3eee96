// No findings by axe with a dialog open and with an error shown, in light, in dark and from right to left.
import test from 'node:test';
import { assertAccessible, assertQuiet, BROWSER, newPage } from './lib/browser.mjs';
import { ADMIN, colours, dialogsClosed, populate, settled, startUi, TALL } from './lib/ui.mjs';

test('with a dialog open, and with an error shown', BROWSER, async (t) => {
  const { server, browser, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 1, perDay: 16 });
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
  await dialogsClosed(page);
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
  await dialogsClosed(page);
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

test('from right to left, with a dialog open', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  await populate(server, { days: 1, perDay: 16 });
  const page = await open({ locale: 'ar', viewport: TALL, reducedMotion: 'reduce' });
  const dialog = page.locator('dialog[open]');
  const look = async (what, act) => {
    await act();
    await dialog.waitFor();
    await assertAccessible(page, `${what}, Arabic`);
    await page.keyboard.press('Escape');
    await dialogsClosed(page);
  };
  await page.goto('/sequences');
  await settled(page);
  await look('samples', () => page.locator('.page-head .actions .button').first().click());
  await look('palette', () => page.keyboard.press('Control+k'));
  await look('profile', () => page.locator('.profile').first().click());
  await page.goto('/settings/keys');
  await settled(page);
  await look('a key', () => page.locator('main .button.primary').first().click());
  await page.goto('/settings/channels');
  await settled(page);
  await look('a number', () => page.locator('main .button.primary').first().click());
  assertQuiet(page);
});
