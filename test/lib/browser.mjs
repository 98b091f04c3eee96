// Debian's Chromium, driven by playwright-core, watched for everything a page must not do.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, atEnd } from './process.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const noBrowser = existsSync(EXECUTABLE) ? false : 'no Chromium on this machine';

/** Options of every test that drives a browser. */
export const BROWSER = { skip: noBrowser, timeout: 600_000 };

/** SLOW_CPU=4 makes the browser four times as slow, to find tests that only pass on a fast machine. */
const SLOW_CPU = Number(process.env.SLOW_CPU ?? 1);
async function slowDown(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOW_CPU });
}

/**
 * SLOW_ANSWERS=1500 keeps every request of a page waiting for up to so many milliseconds before it
 * leaves, and answers of the API once more before they arrive: they come late and in another order.
 */
const SLOW_ANSWERS = Number(process.env.SLOW_ANSWERS ?? 0);
async function delay(route) {
  const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * SLOW_ANSWERS));
  const request = route.request();
  await pause();
  const passesThrough = request.resourceType() !== 'fetch' || (request.headers()['content-type'] ?? 'application/json') !== 'application/json';
  if (passesThrough) return route.continue();
  const response = await route.fetch();
  await pause();
  return route.fulfill({ response });
}

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export async function startBrowser(t, flags = []) {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, ...flags] });
  atEnd(t, () => browser.close());
  return browser;
}

/**
 * A page of its own context. `page.complaints` gathers console errors, uncaught exceptions, requests
 * that leave the origin and violations of the content security policy; assertQuiet() wants none.
 */
export async function newPage(browser, base, options = {}) {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  if (SLOW_ANSWERS > 0) await context.route('**/*', (route) => delay(route).catch(() => {})); // a page that was left wants no answer
  if (SLOW_CPU > 1) context.on('page', (opened) => slowDown(opened).catch(() => {}));
  const page = await context.newPage();
  watch(page, base);
  return page;
}

export function watch(page, base) {
  page.complaints = [];
  const origin = new URL(base).origin;
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => page.complaints.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin) page.complaints.push(`leaves the origin: ${request.url()}`);
  });
}

/** `expected`: patterns of complaints that the test caused on purpose. */
export function assertQuiet(page, expected = []) {
  const rest = page.complaints.filter((words) => !expected.some((pattern) => pattern.test(words)));
  assert.deepEqual(rest, []);
  page.complaints.length = 0;
}

/** WCAG 2.2 A and AA by axe-core: no findings. Runs in the page's isolated world, so the page's policy stands. */
export async function assertAccessible(page, where) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' });
  await session.send('Runtime.evaluate', { expression: AXE, contextId: executionContextId });
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    contextId: executionContextId,
    awaitPromise: true,
    returnByValue: true,
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
      .then((found) => found.violations.map((rule) => rule.id + ': ' + rule.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' ' + (node.any[0]?.message ?? '')).join(' | ')))`,
  });
  assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
  await session.detach();
  assert.deepEqual(result.value, [], `axe on ${where}`);
}
