// A walk through the UI in Firefox: sign in, dashboard, builder, one person enrolled and her message seen.
// Not part of ./test.sh, since it wants another browser:
//   apt-get install firefox-esr && node --test test/firefox.mjs
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { startFirefox } from './lib/firefox.mjs';
import { until } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';
import { ADMIN, makeTexts, setupLink } from './lib/ui.mjs';

const EXECUTABLE = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

test('the UI in Firefox', { skip: existsSync(EXECUTABLE) ? false : 'no Firefox on this machine', timeout: 300_000 }, async (t) => {
  const server = await startServer(t);
  const token = (await setupLink(server)).split('#token=')[1];
  const made = await fetch(`${server.base}/api/setup`, { method: 'POST', headers: { 'content-type': 'application/json', origin: server.base }, body: JSON.stringify({ token, ...ADMIN }) });
  assert.ok(made.ok);
  const sequence = await makeTexts(server, 'Welcome week', [[1, 'Hi *{first_name|there}*'], [3, 'Again']]);
  const page = await startFirefox(t, EXECUTABLE);
  await page.goto(server.base);
  await page.find('h1', 'Sign in');
  await page.fill('input[type=email]', ADMIN.email);
  await page.fill('input[name=password]', ADMIN.password);
  await page.click('button[type=submit]', 'Sign in');
  await page.find('h1', 'Dashboard');
  await page.find('.link-state', 'Live');
  await page.find('.chart canvas');

  await page.goto(`${server.base}/sequences/${sequence.id}`);
  await page.find('.bubble strong', 'Asha');
  await page.fill('.step.open textarea', ' _and welcome_');
  await page.find('.bubble em', 'and welcome'); // the preview follows
  await page.click('button', 'Publish');
  await page.click('dialog[open] button', 'Publish');
  await until(async () => /and welcome/.test((await server.api('GET', `/api/sequences/${sequence.id}`)).body.messages[0].message), 'published');

  await page.goto(`${server.base}/sequences/${sequence.id}/add?way=one`);
  await page.fill('input[inputmode=tel], input[type=tel], form input', '+91 98200 11111');
  await page.click('button', 'Enroll');
  await page.find('.alert.good');
  await page.goto(server.base);
  await page.find('.recent li', 'Welcome week');
  await until(async () => (await server.api('GET', '/api/queue?status=delivered,read')).body.data.length === 1, 'delivered');
  assert.equal(await page.run(() => document.documentElement.scrollWidth <= innerWidth), true);
});
