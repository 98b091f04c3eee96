// What the first visit costs, what the second asks for, and how tight the pages' policy is.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER, newPage } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { enroll, makeTexts, settled, startUi } from './lib/ui.mjs';

const FIRST_VISIT_BYTES = 150_000;

async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const seen = { bytes: 0, asked: [], open: new Set() };
  const urls = new Map();
  session.on('Network.requestWillBeSent', ({ requestId, request, type }) => {
    urls.set(requestId, new URL(request.url).pathname);
    if (type !== 'EventSource') seen.open.add(requestId); // the stream of events never ends
  });
  session.on('Network.responseReceived', ({ requestId, response }) => {
    if (!response.fromDiskCache && !response.fromPrefetchCache) seen.asked.push(urls.get(requestId));
  });
  session.on('Network.requestServedFromCache', ({ requestId }) => urls.set(requestId, 'cache'));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    seen.open.delete(requestId);
    seen.bytes += encodedDataLength;
  });
  session.on('Network.loadingFailed', ({ requestId }) => seen.open.delete(requestId));
  return seen;
}

test('the first visit is small and the second asks for nothing twice', BROWSER, async (t) => {
  const { server, browser, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Small', [[1, 'One'], [3, 'Two']]);
  await enroll(server, sequence, '919812300001');
  for (const path of ['/', '/sequences', `/sequences/${sequence.id}`, `/sequences/${sequence.id}/people`]) {
    const page = await open();
    const first = await meter(page);
    await page.goto(path);
    await settled(page);
    await page.locator('.topbar .link-state').getByText('Live').waitFor();
    await until(() => first.bytes > 20_000 && first.open.size === 0, 'all is loaded');
    assert.ok(first.bytes < FIRST_VISIT_BYTES, `${path}: ${first.bytes} bytes`);
    t.diagnostic(`${path}: ${first.bytes} bytes`);
    const again = await page.context().newPage();
    const second = await meter(again);
    await again.goto(path);
    await settled(again);
    assert.deepEqual(second.asked.filter((one) => one.startsWith('/assets/')), [], path);
    assertQuiet(page);
    await page.context().close();
  }
  const stranger = await newPage(browser, server.base);
  const first = await meter(stranger);
  await stranger.goto('/');
  await stranger.getByRole('heading', { name: 'Sign in' }).waitFor();
  await until(() => first.bytes > 5_000 && first.open.size === 0, 'all is loaded');
  assert.ok(first.bytes < FIRST_VISIT_BYTES / 2, `the sign-in page: ${first.bytes} bytes`);
  assertQuiet(stranger);
});

test('a strict policy on each page', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  for (const path of ['/', '/sequences', '/docs', '/setup']) {
    const answer = await fetch(server.base + path, { headers: { accept: 'text/html' } });
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /^default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  }
  // The policy is not only said: neither a string as markup nor a script of elsewhere gets in.
  const page = await open();
  await page.goto('/');
  await settled(page);
  const refused = await page.evaluate(() => {
    try {
      document.createElement('div').innerHTML = '<b>x</b>';
      return false;
    } catch (error) {
      return error instanceof TypeError;
    }
  });
  assert.equal(refused, true);
  assertQuiet(page, [/TrustedHTML|Trusted ?Type/i]);
});

test('the choice of dark and of a language survives a reload without a flash', BROWSER, async (t) => {
  const { open } = await startUi(t);
  const page = await open({ colorScheme: 'light' });
  await page.goto('/sequences?status=draft');
  await page.locator('.profile').first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Dark' }).click();
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor);
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  const dark = await background();
  for (const [code, heading, direction] of [['es', 'Secuencias', 'ltr'], ['pt-BR', 'Sequências', 'ltr'], ['hi', /[\u0900-\u097f]/, 'ltr'], ['ar', /[\u0600-\u06ff]/, 'rtl']]) {
    await page.locator('#profile-language').selectOption(code);
    await page.locator('h1').filter({ hasText: heading }).waitFor();
    await eventually(async () => assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir || 'ltr']), [code, direction]));
    assert.match(page.url(), /status=draft/); // the page is not lost
  }
  // Every frame that is drawn after a reload is dark, the first as well.
  await page.addInitScript(() => {
    window.drawn = [];
    const look = () => {
      if (document.body) window.drawn.push(getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor);
      if (window.drawn.length < 200) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.reload();
  await page.waitForFunction(() => window.drawn.length > 5);
  assert.deepEqual([...new Set(await page.evaluate(() => window.drawn))], [dark]);
  await page.locator('h1').filter({ hasText: /[\u0600-\u06ff]/ }).waitFor();
  assertQuiet(page);
});
