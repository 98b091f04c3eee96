// People and sequences whose names are attacks stay text on every page where they can appear.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { advance } from './lib/server.mjs';
import { ATTACK, dialogsClosed, enroll, makeTexts, settled, startUi } from './lib/ui.mjs';

test('markup stays text', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const named = `${ATTACK}<svg onload=alert(2)>`;
  const sequence = await makeTexts(server, named, [[1, `Hi {name}, ${ATTACK} <b>bold</b> "><script>alert(3)</script>`], [3, 'Later']], { description: ATTACK });
  await server.api('PUT', '/api/settings', { name: ATTACK });
  const answer = await enroll(server, sequence, '919812300001', named, { custom_fields: { city: ATTACK } });
  await advance(server, '1h');
  await server.api('POST', '/api/sandbox/replies', { phone: '919812300001', text: ATTACK });
  await advance(server, '1h');
  const page = await open();
  let dialogs = 0;
  page.on('dialog', (box) => (dialogs++, box.dismiss()));
  const places = ['/', '/sequences', `/sequences/${sequence.id}`, `/sequences/${sequence.id}/people`, `/sequences/${sequence.id}/add`, `/sequences/${sequence.id}/results`, `/people/${answer.enrollment_id}`, '/contacts', '/contacts/919812300001', '/messages', '/settings/general'];
  for (const path of places) {
    await page.goto(path);
    await settled(page);
    await page.getByText('onerror=alert', { exact: false }).or(page.locator('input[value*="onerror"]')).first().waitFor({ state: 'attached' });
    if (path.startsWith('/sequences/')) await page.waitForFunction(() => document.title.includes('<img src=x'));
    const bad = await page.evaluate(() => document.querySelectorAll('img, svg[onload], script:not([src]), main b:not(.num)').length);
    assert.equal(bad, 0, path);
    assert.equal(await page.evaluate(() => document.querySelectorAll('[onerror], [onload]').length), 0, path);
  }
  // In the messages that pass by, in the preview and in a question.
  await page.goto('/sequences');
  await page.getByRole('button', { name: /^Pause “/ }).click();
  await page.locator('.toast', { hasText: ATTACK }).waitFor();
  await page.getByRole('button', { name: /^More for/ }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByText(ATTACK).first().waitFor();
  await page.keyboard.press('Escape');
  await dialogsClosed(page);
  await page.goto(`/sequences/${sequence.id}`);
  await page.locator('.bubble').first().getByText('<script>alert(3)</script>', { exact: false }).waitFor();
  assert.equal(await page.locator('.bubble script, .bubble img').count(), 0);
  assert.equal(dialogs, 0);
  const csv = await page.evaluate(async (id) => (await fetch(`/api/sequences/${id}/enrollments?format=csv`)).text(), sequence.id);
  assert.match(csv, /<img src=x/);
  assertQuiet(page);
});
