// Every page there is, and what must hold on each: no findings by axe, one heading, a title of its own, and
// nothing that moves sideways on a screen of 320 pixels. The pages come in two groups, so that each
// test that walks over them stays short.
import assert from 'node:assert/strict';
import { assertAccessible, assertQuiet, newPage } from './browser.mjs';
import { eventually, until } from './process.mjs';
import { colours, enroll, makeTexts, populate, settled, startUi, TALL } from './ui.mjs';

/** A server with something to see on every page, and the addresses of both groups. */
async function startWorld(t) {
  const ui = await startUi(t, { clock: 'manual', args: ['--webhooks-allow-local', 'yes'] });
  const { server } = ui;
  const sequences = await populate(server, { days: 1, perDay: 16 });
  await server.api('PUT', '/api/settings', { public_url: server.base });
  await server.api('POST', '/api/alerts/test');
  await server.api('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/hook', description: 'To the shop' });
  await server.api('POST', '/api/keys', { name: 'Shop', scopes: ['enroll'] });
  await server.api('POST', '/api/users', { email: 'ravi@example.org', name: 'Ravi', role: 'viewer', password: 'a long enough password' });
  await server.api('POST', '/api/opt-outs', { phone: '919812300099', reason: 'asked by e-mail' });
  const form = await server.api('POST', `/api/sequences/${sequences.welcome.id}/form`);
  assert.equal(form.status, 201, form.text);
  const links = await makeTexts(server, 'With a link', [[1, 'Hello. To stop: {opt_out_link}']]);
  await enroll(server, links, '919812300098', 'Lina');
  const message = await until(async () => (await server.api('GET', `/api/queue?sequence_id=${links.id}`)).body.data.find((row) => row.message?.includes('/o/')), 'the message is made');
  const person = (await server.api('GET', `/api/sequences/${sequences.welcome.id}/enrollments?limit=1`)).body.data[0];
  const batch = (await server.api('GET', `/api/batches?limit=1`)).body.data[0];
  const inside = `/sequences/${sequences.welcome.id}`;
  const groups = {
    work: [
      '/', '/?range=24h', '/people', '/batches', `/batches?batch=${batch.id}`, '/?range=custom&from=2026-01-01&to=2026-01-31', '/sequences', inside, `${inside}/people`, `${inside}/add`, `${inside}/add?batch=${batch.id}`, `${inside}/add?way=paste`,
      `${inside}/add?way=one`, `${inside}/add?way=api`, `${inside}/add?way=form`, `${inside}/results`, `/people/${person.id}`,
    ],
    around: [
      '/contacts', `/contacts/${person.phone}`, '/contacts?view=opted-out', '/messages', '/messages?status=failed', '/alerts', '/docs', '/help', '/nowhere',
      '/settings/channels', '/settings/general', '/settings/keys', '/settings/users', '/settings/webhooks', '/settings/email', '/settings/audit', '/settings/profile',
    ],
    public: [form.body.path, `${form.body.path}/done`, new URL(message.message.split('stop: ')[1]).pathname],
  };
  return { ...ui, groups };
}

async function assertHead(page, where, titles) {
  await eventually(async () => {
    assert.equal(await page.locator('h1').count(), 1, `one h1 on ${where}`);
    assert.match(await page.title(), / – /, where);
  });
  titles.add(await page.title());
}
const visit = async (page, where) => {
  await page.goto(where);
  await settled(page);
};
const asExpected = (page) => assertQuiet(page, [/status of 404/]); // "nowhere" is one of the pages

/** The settings that the page itself offers are all among those that are looked at. */
async function assertNoneForgotten(page, group) {
  await visit(page, '/settings');
  const tabs = await page.locator('main .tabs a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  assert.deepEqual(tabs.filter((tab) => !group.includes(tab)), [], 'a page of the settings is not looked at');
}

export async function assertLightAndDark(t, name) {
  const { open, groups } = await startWorld(t);
  const page = await open({ viewport: TALL });
  const titles = new Set();
  if (name === 'around') await assertNoneForgotten(page, groups[name]);
  for (const where of groups[name]) {
    await colours(page, 'light');
    await visit(page, where);
    await assertHead(page, where, titles);
    await assertAccessible(page, `${where}, light`);
    await colours(page, 'dark');
    await assertAccessible(page, `${where}, dark`);
  }
  assert.ok(titles.size >= 6, [...titles].join('; '));
  asExpected(page);
}

/** What moves sideways although it is no table of data. */
const sideways = () => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page by ${document.documentElement.scrollWidth - innerWidth}`);
  for (const element of document.querySelectorAll('main *')) {
    const moves = ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth + 1;
    if (moves && !element.matches('.table-wrap, .virtual, pre, textarea, .code') && !element.querySelector('table')) found.push(element.className || element.tagName);
  }
  return found;
};
/** Whether the buttons of the simulator's clock are on several lines, and the facts whose words begin on the other side. */
const untidy = () => {
  const middles = [...document.querySelectorAll('.notice-bar .clock button')].map((button) => button.getBoundingClientRect()).filter((box) => box.width > 0).map((box) => Math.round(box.top + box.height / 2));
  const astray = [...document.querySelectorAll('.facts dd[dir]')].filter((fact) => document.dir === 'rtl' && getComputedStyle(fact).direction === 'ltr' && getComputedStyle(fact).textAlign !== 'right');
  return { torn: new Set(middles).size > 1, astray: astray.map((fact) => fact.textContent) };
};
async function assertFits(page, where) {
  await page.setViewportSize({ width: 320, height: 640 });
  // What is drawn to measure, as charts are, follows the new width a frame later.
  await eventually(async () => {
    assert.deepEqual(await page.evaluate(sideways), [], `${where} at 320 pixels`);
    assert.deepEqual(await page.evaluate(untidy), { torn: false, astray: [] }, `${where} at 320 pixels`);
  });
  await page.setViewportSize(TALL);
}

export async function assertArabicAndNarrow(t, name) {
  const { open, groups } = await startWorld(t);
  const page = await open({ locale: 'ar', viewport: TALL, reducedMotion: 'reduce' });
  await visit(page, '/');
  await page.waitForFunction(() => document.documentElement.dir === 'rtl');
  for (const where of groups[name]) {
    await visit(page, where);
    await assertAccessible(page, `${where}, Arabic`);
    await assertFits(page, where);
  }
  asExpected(page);
}

/** With forced colours every control has an edge and the focus is seen; with less motion nothing moves. */
export async function assertForcedAndStill(t, name) {
  const { open, groups } = await startWorld(t);
  const page = await open({ reducedMotion: 'reduce', forcedColors: 'active' });
  for (const where of groups[name]) {
    await visit(page, where);
    const found = await page.evaluate(() => {
      const drawn = (element, side) => getComputedStyle(element)[`${side}Style`] !== 'none' && parseFloat(getComputedStyle(element)[`${side}Width`]) > 0;
      const shown = (element) => element.getClientRects().length > 0;
      return {
        edgeless: [...document.querySelectorAll('main .button, main .input, main .select, main .card')].filter((element) => shown(element) && !drawn(element, 'borderTop')).map((element) => element.outerHTML.slice(0, 120)),
        moving: document.getAnimations().filter((one) => one.playState === 'running' && Number(one.effect?.getComputedTiming().duration) > 1).map((one) => one.effect?.target?.className ?? ''),
      };
    });
    assert.deepEqual(found, { edgeless: [], moving: [] }, where);
    await page.locator('#page-title').focus();
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      return `${document.activeElement.tagName} ${style.outlineStyle} ${style.outlineWidth}`;
    });
    assert.doesNotMatch(focus, / none | 0px/, `the focus is not seen on ${where}`);
  }
  asExpected(page);
}

/** The pages for those without an account work without JavaScript, in each language and on a phone. */
export async function assertPublicPages(t) {
  const { server, browser, groups } = await startWorld(t);
  for (const [locale, javaScriptEnabled] of [['en', true], ['ar', true], ['hi', false]]) {
    const page = await newPage(browser, server.base, { locale, viewport: TALL, reducedMotion: 'reduce', javaScriptEnabled });
    for (const where of groups.public) {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.goto(where);
        assert.equal(await page.locator('h1').count(), 1, where);
        if (javaScriptEnabled) await assertAccessible(page, `${where}, ${locale}, ${colorScheme}`);
      }
      if (javaScriptEnabled) await assertFits(page, where);
    }
    assertQuiet(page);
    await page.context().close();
  }
}
