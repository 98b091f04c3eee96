// A server that answers late, or whose answers are lost on the way: nobody is told that "someone
// else" saved what they saved themselves, nothing typed is lost, and a page that is left is quiet.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER, newPage } from './lib/browser.mjs';
import { eventually, until } from './lib/process.mjs';
import { startProxy } from './lib/proxy.mjs';
import { ADMIN, dialogsClosed, enroll, makeTexts, settled, startUi } from './lib/ui.mjs';

/** What the browser itself says about an answer that was lost on purpose. */
const LOST = [/Failed to load resource: net::ERR_(FAILED|CONNECTION_RESET)/];
const CONFLICT = 'Someone else saved this sequence';

async function draftOf(server, name, days) {
  const answer = await server.api('POST', '/api/sequences', { name, messages: days.map(([day, message]) => ({ day, type: 'text', message })) });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}
const newest = async (server, sequence) => (await server.api('GET', `/api/sequences/${sequence.id}`)).body;

/**
 * Holds the saves of one sequence. `held()` waits for one that the server has not seen yet,
 * `let(…)` lets it go on, `lose(…)` lets the server have it and loses the answer.
 */
async function holdSaves(page, sequence) {
  const waiting = [];
  let on = true;
  await page.route(new RegExp(`/api/sequences/${sequence.id}(\\?|$)`), (route) => {
    if (!on || route.request().method() !== 'PUT' || route.request().url().includes('dry_run')) return route.fallback();
    waiting.push(route);
  });
  return {
    held: () => until(() => waiting.shift(), 'a save is on its way'),
    let: (route) => route.continue().catch(() => {}),
    async lose(route) {
      const answer = await route.fetch();
      assert.equal(answer.status(), 200, await answer.text());
      await route.abort().catch(() => {}); // the page may be gone
    },
    async end() {
      on = false;
      for (const route of waiting) await route.continue().catch(() => {});
    },
  };
}
const text = (page) => page.getByLabel('Text', { exact: true });
const noConflict = async (page) => assert.equal(await page.getByText(CONFLICT).count(), 0, 'it was nobody else');

test('a save whose answer is lost', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const page = await open();

  await t.test('is not taken for somebody else', async () => {
    const sequence = await draftOf(server, 'Lost answer', [[1, 'Old words']]);
    await page.goto(`/sequences/${sequence.id}`);
    await text(page).waitFor();
    const saves = await holdSaves(page, sequence);
    await text(page).fill('New words');
    await saves.lose(await saves.held());
    await page.locator('.head-line').getByText('could not be reached').waitFor();
    await saves.end();
    await text(page).fill('Newer words');
    await until(async () => (await newest(server, sequence)).messages[0].message === 'Newer words', 'what was typed afterwards is saved');
    await page.locator('.head-line').getByText(/^Saved /).waitFor();
    await noConflict(page);
    assertQuiet(page, [...LOST, /status of 409/]);
  });

  await t.test('nor when the page is loaded anew before it came', async () => {
    const sequence = await draftOf(server, 'Reloaded', [[1, 'First']]);
    await page.goto(`/sequences/${sequence.id}`);
    await text(page).waitFor();
    const saves = await holdSaves(page, sequence);
    await page.getByRole('button', { name: 'Add day' }).click();
    await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
    await page.keyboard.insertText('Second');
    const first = await saves.held();
    await page.keyboard.insertText(' day'); // typed while it is saved
    await saves.lose(first);
    await saves.end();
    await page.reload();
    await page.locator('#step-1').getByText('Second day').first().waitFor();
    await until(async () => (await newest(server, sequence)).messages[1]?.message === 'Second day', 'the rest is saved');
    await page.locator('.head-line').getByText(/^Saved /).waitFor();
    await noConflict(page);
    assert.equal((await newest(server, sequence)).messages.length, 2);
    assertQuiet(page, [...LOST, /status of 409/]);
  });
});

test('saves on a slow line', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const page = await open();

  await t.test('leaving and coming back while a save is on its way', async () => {
    const sequence = await draftOf(server, 'Left and back', [[1, 'Old words']]);
    await page.goto(`/sequences/${sequence.id}`);
    await text(page).waitFor();
    const saves = await holdSaves(page, sequence);
    await text(page).fill('New words');
    const first = await saves.held();
    await page.getByRole('link', { name: 'Sequences' }).first().click();
    await page.waitForURL(/\/sequences$/);
    await page.goBack();
    await page.waitForURL(new RegExp(sequence.id));
    await saves.let(first);
    await saves.end();
    await text(page).waitFor();
    assert.equal(await text(page).inputValue(), 'New words');
    await text(page).fill('Newer words');
    await until(async () => (await newest(server, sequence)).messages[0].message === 'Newer words', 'typing goes on');
    await page.locator('.head-line').getByText(/^Saved /).waitFor();
    await noConflict(page);
    assertQuiet(page);
  });

  await t.test('undoing a removal while it is saved', async () => {
    const sequence = await draftOf(server, 'Undone at once', [[1, 'One'], [3, 'Two']]);
    await page.goto(`/sequences/${sequence.id}`);
    await text(page).waitFor();
    const saves = await holdSaves(page, sequence);
    await page.getByRole('button', { name: 'More for day 3' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Undo' }).hover(); // what is pointed at does not go away
    const first = await saves.held();
    const answer = await first.fetch(); // the server has it, the page does not know yet
    const judged = ['lint', 'preview'].map((what) => page.waitForResponse((response) => response.url().endsWith(`/${what}`) && response.request().postDataJSON().sequence.messages.length === 2));
    await page.getByRole('button', { name: 'Undo' }).click();
    for (const response of await Promise.all(judged)) assert.equal(response.status(), 200, response.url());
    await saves.end();
    await first.fulfill({ response: answer });
    await until(async () => (await newest(server, sequence)).messages.length === 2, 'the undone removal is saved');
    await page.locator('.head-line').getByText(/^Saved /).waitFor();
    await noConflict(page);
    assertQuiet(page);
  });

  await t.test('starting while a save is on its way', async () => {
    const sequence = await draftOf(server, 'Started at once', [[1, 'Old words. Reply STOP to end.']]);
    await page.goto(`/sequences/${sequence.id}`);
    await text(page).waitFor();
    const saves = await holdSaves(page, sequence);
    await text(page).fill('New words. Reply STOP to end.');
    const first = await saves.held();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await saves.let(first);
    await saves.end();
    const dialog = page.getByRole('dialog', { name: 'Start this sequence?' });
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('is running.').first().waitFor();
    await dialogsClosed(page);
    const now = await newest(server, sequence);
    assert.deepEqual([now.status, now.messages[0].message], ['active', 'New words. Reply STOP to end.']);
    await noConflict(page);
    assertQuiet(page);
  });

  for (const first of ['news', 'click']) {
    await t.test(`a sequence paused elsewhere stays paused when changes are published: the ${first} comes first`, async () => {
      const sequence = await makeTexts(server, `Paused elsewhere, ${first} first`, [[1, 'One'], [3, 'Two']]);
      await enroll(server, sequence, '919820000001');
      let held = null; // what an answer about the sequence waits for
      await page.route(`**/api/sequences/${sequence.id}`, async (route) => {
        if (route.request().method() !== 'GET') return route.fallback();
        const response = await route.fetch().catch(() => null); // the page may be gone
        await held;
        if (response) await route.fulfill({ response }).catch(() => {});
      });
      await page.goto(`/sequences/${sequence.id}`);
      await page.locator('#step-1').click();
      await text(page).fill('Two, better');
      await page.getByText(/not published/).waitFor();
      const refused = page.waitForResponse((response) => response.request().method() === 'PUT' && response.url().includes(sequence.id) && response.status() === 409);
      refused.catch(() => {}); // when the news come first, nothing is
      if (first === 'click') held = refused;
      assert.equal((await server.api('POST', `/api/sequences/${sequence.id}/pause`, {})).status, 200);
      if (first === 'news') await page.locator('.sequence-head').getByText('Paused', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Publish' }).click();
      const dialog = page.getByRole('dialog', { name: 'Publish these changes?' });
      await dialog.getByRole('button', { name: 'Publish' }).click();
      await page.getByText('Published as version 3.').waitFor();
      await dialogsClosed(page);
      const now = await newest(server, sequence);
      assert.deepEqual([now.status, now.messages[1].message], ['paused', 'Two, better']);
      await noConflict(page);
      // The browser's own line about the one refusal, after which the page caught up by itself.
      if (first === 'click') assert.match(await until(() => page.complaints.shift(), 'the line about the refusal'), /status of 409/);
      assertQuiet(page);
    });
  }
});

test('a page that is left in the middle of its requests says nothing', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  const sequence = await makeTexts(server, 'Left often', [[1, 'One'], [3, 'Two']]);
  const page = await open();
  await page.route('**/api/**', async (route) => {
    if (route.request().resourceType() === 'eventsource') return route.fallback();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    return route.fallback().catch(() => {});
  });
  const paths = ['/', '/sequences', `/sequences/${sequence.id}`, `/sequences/${sequence.id}/people`, '/contacts', '/settings'];
  for (let round = 0; round < 30; round++) {
    await page.goto(paths[round % paths.length], { waitUntil: 'commit' });
    if (round % 3 === 0) await page.locator('h1').first().waitFor({ state: 'attached' });
    await page.reload({ waitUntil: 'commit' });
  }
  await page.goto('/sequences');
  await settled(page);
  assertQuiet(page);
});

test('an answer that breaks off in the middle', BROWSER, async (t) => {
  const { server, browser } = await startUi(t);
  const sequence = await draftOf(server, 'Half an answer', [[1, 'Words']]);
  const proxy = await startProxy(t, server.base);
  const page = await newPage(browser, proxy.base);
  const signedIn = await page.context().request.post('/api/login', { data: { email: ADMIN.email, password: ADMIN.password }, headers: { origin: proxy.base } });
  assert.ok(signedIn.ok(), await signedIn.text());
  await page.goto(`/sequences/${sequence.id}`);
  await text(page).waitFor();
  const clone = async () => {
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Clone' }).click();
  };
  proxy.cut(/^POST .*\/clone$/);
  await clone();
  await page.getByText('The server could not be reached').first().waitFor();
  assert.equal(await page.getByText('Something went wrong in this page').count(), 0);
  assertQuiet(page, [/Failed to load resource: net::ERR_/]);

  // Loading the page anew in the middle of an answer is nothing to complain about.
  for (let round = 1; round <= 10; round++) {
    const met = proxy.met;
    proxy.hold(/^POST .*\/clone$/);
    await clone();
    await until(() => proxy.met === met + 1, 'half of the answer is here');
    await page.reload();
    await text(page).waitFor();
  }
  assertQuiet(page);
});

test('a page that could not be fetched is no reason to show no other', BROWSER, async (t) => {
  const { open } = await startUi(t);
  const page = await open();
  await page.goto('/');
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
  await page.route(/\.js$/, (route) => route.abort());
  await page.getByRole('link', { name: 'Contacts' }).first().click();
  await page.getByText('A new version is installed').waitFor();
  await page.getByRole('link', { name: 'Dashboard' }).first().click();
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
  assertQuiet(page, [/Failed to load resource: net::ERR_FAILED/]);
});

test('letters typed while the list is on its way stay', BROWSER, async (t) => {
  const { server, open } = await startUi(t);
  for (const name of ['Alpha', 'Alphabet', 'Beta']) await draftOf(server, name, [[1, 'Words']]);
  const page = await open();
  await page.goto('/sequences');
  await page.getByRole('link', { name: 'Beta' }).waitFor();
  const search = page.getByRole('searchbox', { name: 'Search sequences' });
  await search.focus();
  // A letter falls between the drawing of the list and what follows from it, as on a slow machine.
  await page.evaluate(async () => {
    const input = document.activeElement;
    const type = (letters) => {
      for (const letter of letters) {
        input.value += letter;
        input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      }
    };
    const asked = new Promise((resolve) => {
      const replace = history.replaceState.bind(history);
      history.replaceState = (...args) => {
        history.replaceState = replace;
        replace(...args);
        queueMicrotask(() => {
          type('a');
          resolve();
        });
      };
    });
    type('alph');
    await asked;
    for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    type('bet');
  });
  await eventually(async () => assert.match(page.url(), /q=alphabet$/));
  assert.equal(await search.inputValue(), 'alphabet');
  await page.getByRole('link', { name: 'Beta' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Alphabet' }).waitFor();
  assertQuiet(page);
});
