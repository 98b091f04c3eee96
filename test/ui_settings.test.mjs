// Settings: keys shown once, a number whose test says what the provider said, webhooks, alerts at the bell; and
// the whole UI over plain http by host name and by address, where browsers take tools away.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER, newPage, startBrowser } from './lib/browser.mjs';
import { eventually, freePort, until } from './lib/process.mjs';
import { listen, subscribe, verify } from './lib/receiver.mjs';
import { client, startServer, startSimulator } from './lib/server.mjs';
import { ADMIN, dialogsClosed, enroll, makeTexts, setupLink, startUi } from './lib/ui.mjs';

test('a key is shown once and revoked at once', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const page = await open();
  await page.goto('/settings/keys');
  await page.getByRole('button', { name: 'Create a key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What is it for?').fill('Shop server');
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  await dialog.getByText('It is shown only this once.').waitFor();
  const secret = await dialog.locator('.copy-line code').textContent();
  assert.match(secret, /^sk_/);
  await dialog.getByRole('button', { name: 'I have copied it' }).click();
  await dialogsClosed(page);
  const row = page.locator('tbody tr', { hasText: 'Shop server' });
  await row.getByText('Enroll').waitFor();
  await row.getByText('never').first().waitFor(); // used
  assert.ok(!(await page.content()).includes(secret), 'it is nowhere on the page any more');
  const sequence = await makeTexts(server, 'Shop', [[1, 'Hi']]);
  const shop = client(server.base, secret);
  assert.equal((await shop('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919812300001' })).status, 201);
  await row.getByRole('button', { name: 'Revoke' }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await row.waitFor({ state: 'detached' });
  assert.equal((await shop('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919812300002' })).status, 401, 'the next call is refused');
  assertQuiet(page);
});

test('a number that does not work says what the provider said', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const port = await freePort();
  const simulator = await startSimulator(t, { port, webhookUrl: `${server.base}/webhooks/whatsapp/chan_002` });
  const page = await open();
  await page.goto('/settings/channels');
  const made = await server.api('POST', '/api/channels', {
    name: 'Shop number', provider: 'cloud', phone_number_id: '1000000001', waba_id: '2000000001', access_token: 'a-token', app_secret: 'test-app-secret', verify_token: 'v', base_url: `http://127.0.0.1:${port}`,
  });
  assert.equal(made.status, 201, made.text);
  const card = page.locator('.card', { hasText: 'Shop number' });
  await card.getByRole('button', { name: 'Test connection' }).click();
  await card.locator('.alert.good').waitFor();
  // Secrets go in and never come out.
  for (const name of ['access token', 'app secret', 'verify token']) await card.getByText(name, { exact: true }).waitFor();
  assert.ok(!(await page.content()).includes('a-token'));
  await simulator.daemon.stop('SIGKILL');
  await card.getByRole('button', { name: 'Test connection' }).click();
  await card.locator('.alert.bad').first().waitFor();
  assert.ok((await card.locator('.alert.bad').first().textContent()).length > 20, 'what is wrong, in words');
  assertQuiet(page);
});

test('an alert rings, is silenced, and closes itself', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const page = await open();
  await page.goto('/alerts');
  await page.getByText('Nothing to look at').waitFor();
  await page.getByRole('button', { name: 'Test alert' }).click();
  await page.locator('.bell .badge').getByText('1').waitFor();
  const alert = page.locator('.alert-item').first();
  await alert.getByText(/since/).waitFor();
  await alert.getByRole('link').first().waitFor();
  await alert.getByRole('button', { name: 'Seen' }).click();
  await page.locator('.bell .badge').waitFor({ state: 'detached' });
  await server.api('PUT', '/api/settings', { sending_paused: true });
  await page.locator('.bell .badge').getByText('1').waitFor(); // by itself
  const paused = page.locator('.alert-item', { hasText: /paused/i });
  await paused.waitFor();
  await server.api('PUT', '/api/settings', { sending_paused: false });
  await paused.waitFor({ state: 'detached' }); // its cause is over
  await page.getByRole('link', { name: 'Earlier' }).click();
  await paused.getByText('over since').waitFor();
  await page.getByRole('link', { name: 'Now' }).click();
  await server.api('PUT', '/api/settings', { sending_paused: true });
  await page.locator('.bell .badge').getByText('1').waitFor();
  await paused.getByRole('button', { name: /^More for/ }).click();
  await page.getByRole('menuitem', { name: 'Silent for 2 hours' }).click();
  await paused.getByText('silent until').waitFor();
  await page.locator('.bell .badge').waitFor({ state: 'detached' });
  assertQuiet(page);
});

test('a webhook is tried, and each try is shown', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { args: ['--webhooks-allow-local', 'yes'] });
  const made = await server.api('POST', '/api/webhooks', { url: `http://127.0.0.1:${await freePort()}/hook`, description: 'To the shop' });
  assert.equal(made.status, 201, made.text);
  const page = await open();
  await page.goto('/settings/webhooks');
  await page.getByText('To the shop').first().waitFor();
  await page.getByRole('button', { name: /test event/i }).first().click();
  await until(async () => (await server.api('GET', `/api/webhooks/${made.body.id}/deliveries`)).body.data.some((row) => row.attempts > 0), 'it was tried');
  assertQuiet(page);
});

test('a delivery is sent again, and a new secret works beside the old one', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { args: ['--webhooks-allow-local', 'yes'] });
  const receiver = await listen(t);
  const hook = await subscribe(server, receiver, { description: 'To the shop' });
  const page = await open();
  await page.goto('/settings/webhooks');
  const card = page.locator('.card', { hasText: 'To the shop' });
  await card.getByRole('button', { name: 'Send test event' }).click();
  const row = card.locator('tbody tr').first(); // the tries are shown at once
  await row.getByText('204').waitFor();
  await row.getByText('Delivered').waitFor();
  await row.getByText('Body').click();
  await row.getByText('"type": "webhook.test"').waitFor();
  await row.getByRole('button', { name: 'Redeliver' }).click();
  await until(() => receiver.requests.length === 2, 'the same came again');
  assert.equal(receiver.requests[0].id, receiver.requests[1].id);
  await eventually(async () => assert.equal((await row.locator('td.end').last().textContent()).trim(), '2'));

  await card.getByRole('button', { name: /^More for/ }).click();
  await page.getByRole('menuitem', { name: 'New secret…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click();
  const shown = page.getByRole('dialog').locator('code');
  await shown.getByText('whsec_').waitFor();
  const renewed = (await shown.textContent()).trim();
  assert.notEqual(renewed, hook.secret);
  await page.keyboard.press('Escape');
  await page.getByText(renewed).waitFor({ state: 'detached' }); // shown once
  await card.getByRole('button', { name: 'Send test event' }).click();
  await until(() => receiver.requests.length === 3, 'a third came');
  const { headers, body } = receiver.requests[2];
  assert.deepEqual([hook.secret, renewed].map((secret) => verify([secret], headers, body)), [true, true], 'either secret fits for a day');
  assertQuiet(page);
});

for (const host of ['drip.example', '192.0.2.7']) {
  test(`plain http by ${host}`, BROWSER, async (t) => {
    const server = await startServer(t);
    const browser = await startBrowser(t, [`--host-resolver-rules=MAP ${host} 127.0.0.1`]);
    const base = `http://${host}:${server.port}`;
    const token = (await setupLink(server)).split('#token=')[1];
    const page = await newPage(browser, base);
    await page.goto(`/setup#token=${token}`);
    await page.getByLabel('Your name').fill(ADMIN.name);
    await page.getByLabel('E-mail address').fill(ADMIN.email);
    await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
    assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof navigator.clipboard, typeof navigator.locks, typeof crypto.randomUUID]), [false, 'undefined', 'undefined', 'undefined'], 'this is what plain http takes away');
    await page.locator('.topbar .link-state').getByText('Live').waitFor();
    const sequence = await makeTexts(server, 'Plain', [[1, 'Hi'], [3, 'Again']]);
    await page.goto(`/sequences/${sequence.id}/add?way=api`);
    const code = page.locator('pre').first();
    await code.getByText(`/api/sequences/${sequence.id}/enroll`).first().waitFor();
    const shown = (await code.textContent()).trim();
    assert.ok(shown.includes(base), `the address people really use: ${shown}`);
    const copy = page.getByRole('button', { name: 'Copy' }).first();
    await copy.click();
    await page.getByRole('button', { name: 'Copied' }).or(page.getByText('Copied')).first().waitFor();
    // What was copied is what comes out when it is pasted.
    const wanted = await page.evaluate(() => [...document.querySelectorAll('pre')].map((box) => box.textContent.trim()));
    await page.goto(`/sequences/${sequence.id}/add?way=paste`);
    const box = page.getByLabel(/One person per line/);
    await box.focus();
    await page.keyboard.press('Control+v');
    await eventually(async () => {
      const pasted = (await box.inputValue()).trim();
      assert.ok(pasted.length > 10 && (wanted.some((text) => text.includes(pasted)) || pasted.startsWith(base)), `pasted: ${pasted}`);
    });
    // A second tab has a stream of its own here, and both move.
    const second = await page.context().newPage();
    await second.goto('/');
    await second.locator('.topbar .link-state').getByText('Live').waitFor();
    await enroll(server, sequence, '919812300001');
    await second.locator('.tile', { hasText: 'Enrolled' }).locator('.tile-value').getByText('1', { exact: true }).waitFor();
    assertQuiet(page, [/Cross-Origin-Opener-Policy header has been ignored/]); // only https can have it
  });
}
