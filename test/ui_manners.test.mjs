// What people set up for their eyes and hands holds on the pages of daily work: targets that a finger meets,
// no movement for those who asked for none, and their own few colours instead of ours.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { populate, settled, startUi } from './lib/ui.mjs';

const WIDTHS = [1280, 390];

/** Controls smaller than 24 × 24 pixels, but for links inside a sentence. */
const small = () => {
  const controls = document.querySelectorAll('a[href], button, input, select, textarea, summary, [role=option], [tabindex="0"]');
  return [...controls].flatMap((control) => {
    const seen = control.checkVisibility({ visibilityProperty: true }) && !control.closest('.visually-hidden, .skip');
    if (!seen) return [];
    const target = (control.matches('[type=checkbox], [type=radio]') && control.closest('label')) || control;
    const { width, height } = target.getBoundingClientRect();
    if ((width >= 24 && height >= 24) || width === 0) return [];
    const inSentence = control.matches('a') && getComputedStyle(control).display === 'inline' && control.parentElement.textContent.trim() !== control.textContent.trim();
    return inSentence ? [] : [`${control.tagName} ${control.className} ${Math.round(width)}×${Math.round(height)} ${control.ariaLabel ?? control.textContent.trim().slice(0, 40)}`];
  });
};

async function work(server, sequences) {
  const inside = `/sequences/${sequences.welcome.id}`;
  const person = (await server.api('GET', `${'/api'}${inside}/enrollments?limit=1`)).body.data[0];
  return ['/', '/sequences', inside, `${inside}?dialog=history`, `${inside}/people`, `${inside}/add`, `${inside}/add?way=paste`, `${inside}/add?way=one`, `${inside}/add?way=api`, `${inside}/results`, '/people', `/people/${person.id}`, `/people/${person.id}?dialog=stop`, '/contacts', `/contacts/${person.phone}`, '/messages', '/batches'];
}

test('every target is 24 pixels wide and high', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 1, perDay: 16 });
  const page = await open();
  for (const where of await work(server, sequences)) {
    await page.goto(where);
    await settled(page);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await eventually(async () => assert.deepEqual(await page.evaluate(small), [], `${where} at ${width} pixels`)); // what opens grows to its size
    }
  }
  assertQuiet(page);
});

test('nothing moves for those who asked for no movement', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 1, perDay: 16 });
  const page = await open({ reducedMotion: 'reduce' });
  const lasting = () => [...document.querySelectorAll('*')].flatMap((element) => [null, '::before', '::after'].flatMap((part) => {
    const style = getComputedStyle(element, part);
    const longest = Math.max(...`${style.animationDuration}, ${style.transitionDuration}`.split(',').map((text) => Number.parseFloat(text) * (/ms/.test(text) ? 1 : 1000)));
    const endless = style.animationName !== 'none' && style.animationIterationCount === 'infinite';
    return longest > 1 || endless || style.scrollBehavior === 'smooth' ? [`${element.tagName}.${element.className}${part ?? ''}`] : [];
  }));
  for (const where of ['/', `/sequences/${sequences.welcome.id}`, `/sequences/${sequences.welcome.id}?dialog=history`, '/batches']) {
    await page.goto(where);
    await settled(page);
    assert.deepEqual(await page.evaluate(lasting), [], where);
  }
  assertQuiet(page);
});

test('in the reader\'s own colours the chosen one still differs, and bars are seen', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 2, perDay: 16 });
  const page = await open({ forcedColors: 'active' });
  const background = (locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);
  await page.goto('/');
  await settled(page);
  const periods = page.getByRole('group', { name: 'Period' });
  assert.notEqual(await background(periods.getByRole('button', { name: '7 days' })), await background(periods.getByRole('button', { name: '30 days' })));
  const nav = page.getByRole('navigation', { name: 'Main menu' }).first();
  assert.notEqual(await background(nav.getByRole('link', { name: 'Dashboard' })), await background(nav.getByRole('link', { name: 'Sequences' })));
  await page.goto(`/sequences/${sequences.welcome.id}/results`);
  await settled(page);
  const tabs = page.getByRole('navigation', { name: 'Parts of this sequence' });
  assert.notEqual(await background(tabs.getByRole('link', { name: 'Results' })), await background(tabs.getByRole('link', { name: 'Add people' })));
  const meter = page.locator('.meter').first();
  assert.notEqual(await background(meter.locator('i').first()), await background(meter.locator('xpath=..')));
  assertQuiet(page);
});

test('an import under way says how many are done, how fast, and how long it will take', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequences = await populate(server, { days: 1, perDay: 16 });
  const batch = (await server.api('GET', '/api/batches?limit=1&kind=import')).body.data[0];
  const page = await open();
  const asked = [];
  let cancelled = false;
  await page.route(`**/api/batches/${batch.id}`, async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    asked.push(Date.now());
    Object.assign(body, { status: cancelled ? 'cancelled' : 'running', total_rows: 1_000_000, processed_rows: 20_000 + (asked.at(-1) - asked[0]) * 10 });
    await route.fulfill({ response: answer, json: body });
  });
  await page.route(`**/api/batches/${batch.id}/cancel`, async (route) => {
    cancelled = true;
    await route.fulfill({ status: 200, json: { ...batch, status: 'cancelled' } });
  });
  await page.goto(`/sequences/${sequences.welcome.id}/add?batch=${batch.id}`);
  const card = page.locator('.card', { has: page.getByRole('button', { name: 'Cancel the rest' }) });
  await card.getByText(/[\d,]+ of 1,000,000 rows · [\d,]+ per second · about [\d,]+ s left/).waitFor();
  await until(() => asked.length > 5, 'it is asked for again');
  const found = await until(async () => (await card.textContent()).match(/([\d,]+) of 1,000,000 rows · ([\d,]+) per second · about ([\d,]+) s left/), 'how fast, and how long');
  const words = found.slice(1).map((text) => Number(text.replaceAll(',', '')));
  assert.ok(Math.abs((1_000_000 - words[0]) / words[1] - words[2]) <= 2, words.join(' '));
  await card.getByRole('progressbar', { name: 'Progress' }).waitFor();
  await card.getByRole('button', { name: 'Cancel the rest' }).click();
  await page.getByText('Cancelled').first().waitFor();
  assertQuiet(page);
});
