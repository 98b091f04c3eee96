// What the browser tests share: a server with its administrator, pages that are signed in, and a
// small business with believable people to look at.
import assert from 'node:assert/strict';
import { newPage, startBrowser } from './browser.mjs';
import { YEAR } from './drip.mjs';
import { until } from './process.mjs';
import { Random } from './random.mjs';
import { advance, startServer } from './server.mjs';

export const ADMIN = { name: 'Meera Iyer', email: 'meera@example.org', password: 'a long enough password' };
export const ATTACK = '<img src=x onerror=alert(1)>';

/** The one-time link that the server printed at its first start. */
export function setupLink(server) {
  return until(() => /\bhttp\S+\/setup#token=\S+/.exec(server.daemon.log)?.[0], 'setup link in the log');
}

/** {server, browser, open(options)}: open() gives a page that is signed in as the administrator. */
export async function startUi(t, options = {}) {
  const server = await startServer(t, options);
  const browser = await startBrowser(t);
  if (options.administrator !== false) {
    const token = (await setupLink(server)).split('#token=')[1];
    const made = await fetch(`${server.base}/api/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.base },
      body: JSON.stringify({ token, ...ADMIN }),
    });
    assert.ok(made.ok, await made.text());
  }
  const open = async (more) => {
    const page = await newPage(browser, server.base, more);
    const answer = await page.context().request.post('/api/login', { data: { email: ADMIN.email, password: ADMIN.password }, headers: { origin: server.base } });
    assert.ok(answer.ok(), await answer.text());
    return page;
  };
  return { server, browser, open };
}

/** Creates a sequence of texts by the API: days is [[day, text, time?], …]. */
export async function makeTexts(server, name, days, more = {}) {
  const answer = await server.api('POST', '/api/sequences?force=true', {
    name, status: 'active', ...more,
    messages: days.map(([day, message, time = null]) => ({ day, time, type: 'text', message })),
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

export async function enroll(server, sequence, phone, name = null, more = {}) {
  const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone, ...(name ? { name } : {}), ...more });
  assert.ok(answer.status < 300, answer.text);
  return answer.body;
}

const PLACES = [
  { code: '91', national: (r) => '98' + r.digits(8), first: ['Asha', 'Priya', 'Rohan', 'Kavya', 'Arjun', 'Diya', 'Vikram', 'Neha', 'Ishaan', 'Anjali'], last: ['Rao', 'Sharma', 'Patel', 'Nair', 'Gupta', 'Desai', 'Menon'], city: ['Pune', 'Mumbai', 'Bengaluru', 'Jaipur'] },
  { code: '34', national: (r) => '6' + (1 + r.below(8)) + r.digits(7), first: ['Lucía', 'Hugo', 'María', 'Pablo', 'Carmen', 'Javier'], last: ['García', 'Fernández', 'Moreno', 'Álvarez'], city: ['Madrid', 'Sevilla', 'Bilbao'] },
  { code: '27', national: (r) => '82' + r.digits(7), first: ['Thandi', 'Sipho', 'Naledi', 'Lerato', 'Johan'], last: ['Dlamini', 'Nkosi', 'Botha', 'Khumalo'], city: ['Durban', 'Cape Town'] },
  { code: '55', national: (r) => '119' + (6 + r.below(4)) + r.digits(7), first: ['Ana', 'João', 'Beatriz', 'Rafael', 'Camila'], last: ['Silva', 'Souza', 'Oliveira', 'Costa'], city: ['São Paulo', 'Campinas'] },
];
export function believablePeople(seed, count) {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const place = random.pick(PLACES);
    return { phone: place.code + place.national(random), name: `${random.pick(place.first)} ${random.pick(place.last)}`, custom_fields: { city: random.pick(place.city) } };
  });
}

const WELCOME = [
  [1, 'Hi {first_name|there}! Thank you for joining *Green Leaf Yoga* 🌿\n\nYour first class is free. Just show this message at the desk.\n_Reply STOP at any time and we will not write again._'],
  [3, '{first_name|Hello}, how was your first class in {city|your studio}?\n\nThree small habits help most:\n- come *ten minutes* early\n- drink water\n- breathe slowly\n\nAnswer here if anything hurt.', '10:00'],
  [7, 'One week already! 🎉\n\nTake *20 % off* the ten-class card until Sunday:\nhttps://greenleaf.example/card', '18:30'],
];

/**
 * A yoga studio after `days` days: four sequences, people who joined day by day, replies, refusals
 * and opt-outs. Needs a server with a manual clock. Returns the sequences by a short word.
 */
export async function populate(server, { days = 9, perDay = 24, attack = true } = {}) {
  await server.api('PUT', '/api/settings', { name: 'Green Leaf Yoga', timezone: 'Asia/Kolkata', default_country: 'IN' });
  await server.api('POST', '/api/sandbox/clock', { to: `${YEAR}-03-01T03:40:00Z` });
  await server.api('PUT', '/api/sandbox/faults', { seed: 5, refuse_per_mille: 12, refuse_code: 131026, lost_webhook_per_mille: 150, reply_per_mille: 90, stop_per_mille: 6 });
  const options = { timezone: 'Asia/Kolkata', description: 'For everyone who books a first class' };
  const sequences = {
    welcome: await makeTexts(server, 'Welcome week', WELCOME, options),
    renew: await makeTexts(server, 'Card renewal', [[1, 'Hi {first_name|there}, your ten-class card has *one* class left.'], [4, 'Shall we renew it? Answer YES and it is ready at the desk.', '11:00'], [10, 'We miss you, {first_name|friend}! Come back this month for half the price.', '17:00']], { ...options, description: 'Cards about to run out' }),
    course: await makeTexts(server, 'Morning breath course', [1, 2, 3, 4, 5].map((day) => [day, `*Lesson ${day}*\n\nSit, breathe in for four, hold for ${day + 2}, breathe out for eight.`, '06:30']), { ...options, description: 'Five short lessons' }),
    win: await makeTexts(server, 'Win back', [[1, 'It has been a while, {first_name|friend}.'], [14, 'Your mat is waiting 🧘', '09:00']], { ...options, description: null }),
    draft: await makeTexts(server, 'Monsoon offer', [[1, 'Rain outside, warm mats inside ☔']], { ...options, description: null, status: 'draft' }),
  };
  const people = believablePeople(42, days * perDay * 2);
  for (let day = 0; day < days; day++) {
    const today = people.slice(day * perDay * 2, (day + 1) * perDay * 2);
    const many = perDay - 6 + ((day * 5) % 11);
    const lists = [[sequences.welcome, today.slice(0, many)], [sequences.course, today.slice(many, many + 9)], [sequences.renew, today.slice(many + 9, many + 14)]];
    for (const [sequence, enrollments] of lists) {
      const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments });
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
    }
    await advance(server, '1d');
  }
  if (attack) await enroll(server, sequences.welcome, '919812345678', ATTACK, { custom_fields: { city: '<b>Pune</b>' } });
  await server.api('POST', `/api/sequences/${sequences.win.id}/pause`, {});
  await advance(server, '3h');
  return sequences;
}

/** Waits for the h1 and for the page's own requests to be answered. */
export async function settled(page) {
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await page.waitForFunction(() => document.querySelectorAll('.skeleton').length === 0);
  await page.waitForLoadState('domcontentloaded');
}

/**
 * No dialog is shown, and none stands in the history any more. Closing one goes back in the history, which takes
 * a moment and breaks off what is asked for meanwhile: nobody types an address that fast, a test does.
 */
export async function dialogsClosed(page) {
  await page.waitForFunction(() => !document.querySelector('dialog[open]') && !history.state?.dialogs);
}

// axe judges colours only of what is in sight.
export const TALL = { width: 1280, height: 2400 };

/** Changes the colours and waits until no part of the page is on its way from the old ones. */
export async function colours(page, colorScheme) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.evaluate(async () => {
    for (let frame = 0; frame < 60; frame++) {
      await new Promise(requestAnimationFrame);
      if (frame > 1 && document.getAnimations().every((one) => one.playState !== 'running')) return;
    }
  });
}
