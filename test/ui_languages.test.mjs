// No English is left where another language is chosen: a language of the tests' own marks every text that
// is translated and makes it longer; what has no mark was forgotten, and nothing may be cut.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertQuiet, BROWSER } from './lib/browser.mjs';
import { believablePeople, makeTexts, settled, startUi, TALL } from './lib/ui.mjs';

/** Texts in sight that carry no mark: letters outside ⟦…⟧. */
const unmarked = () => {
  const data = 'code, pre, bdi, time, kbd, textarea, input, option, .brand, .profile, .avatar, .bubble, .title, .sub, [dir="auto"], [lang], .wa-time, .chat-day, .when, .num, .chip code';
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let open = 0; // marks may stand in an earlier piece of the same sentence
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent;
    const before = open;
    open = Math.max(0, open + (text.match(/⟦/g) ?? []).length - (text.match(/⟧/g) ?? []).length);
    const rest = text.replace(/⟦[^⟦⟧]*⟧/g, '').replace(/⟦.*$/s, '').replace(/^.*⟧/s, '');
    const parent = node.parentElement;
    if (before > 0 || !/\p{L}{3,}/u.test(rest) || parent.closest(data) || parent.closest('script, style, noscript')) continue;
    if (parent.checkVisibility && !parent.checkVisibility()) continue;
    found.add(rest.trim().slice(0, 60));
  }
  return [...found];
};
/** Buttons and tabs whose words do not fit into them. */
const cut = () => [...document.querySelectorAll('main button, main .tabs a, main th, main label, main h1, main h2')]
  .filter((element) => element.clientWidth > 0 && !element.matches('.visually-hidden') && getComputedStyle(element).overflowX === 'hidden' && getComputedStyle(element).textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 1)
  .map((element) => element.textContent.slice(0, 60));

test('nothing is left in English, nothing is cut', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'Welcome', [[1, 'Hi {name|there}'], [3, 'Again']]);
  await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: believablePeople(4, 12) });
  const person = (await server.api('GET', `/api/sequences/${sequence.id}/enrollments?limit=1`)).body.data[0];
  const page = await open({ viewport: TALL, reducedMotion: 'reduce' });
  const inside = `/sequences/${sequence.id}`;
  const findings = [];
  for (const where of ['/', '/sequences', inside, `${inside}/people`, `${inside}/add`, `${inside}/add?way=paste`, `${inside}/add?way=one`, `${inside}/add?way=form`, `${inside}/results`, `/people/${person.id}`, '/contacts', `/contacts/${person.phone}`, '/messages', '/batches', '/alerts', '/help', '/nowhere', '/settings/channels', '/settings/general', '/settings/keys', '/settings/users', '/settings/webhooks', '/settings/audit', '/settings/profile']) {
    await page.goto(`${where}${where.includes('?') ? '&' : '?'}language=pseudo`);
    await settled(page);
    for (const words of await page.evaluate(unmarked)) findings.push(`${where}: ${words}`);
    for (const words of await page.evaluate(cut)) findings.push(`${where} cuts: ${words}`);
  }
  assert.deepEqual(findings, []);
  assertQuiet(page);
});
