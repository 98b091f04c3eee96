// A messy file of 10,000 rows is enrolled by upload into a Day 1/3/7 sequence, a week passes on the
// manual clock, and the fake WhatsApp's own ledger holds every expected text exactly once, at the
// right local instant, and nothing else. What is right is known from the making of the file.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertLedger, compareLedger, expectedMessages, makeSequence, START, startPair, upload } from './lib/drip.mjs';
import { makePeople, toCsv } from './lib/people.mjs';
import { advance } from './lib/server.mjs';

const ROWS = Number(process.env.WEEK_ROWS ?? 10_000);
const FILES = [
  { name: 'comma, BOM, CRLF', seed: 11, csv: {} },
  { name: 'semicolon, UTF-16, LF', seed: 12, csv: { delimiter: ';', eol: '\n', encoding: 'utf16le', header: ['Teléfono', 'Nombre', 'timezone', 'city', 'current day'] } },
];

async function verdictsByLine(server, batch) {
  const verdicts = new Map();
  let cursor = '';
  for (let page = 0; page < 100; page++) {
    const answer = await server.api('GET', `/api/batches/${batch.id}/rows?limit=500${cursor}`);
    for (const row of answer.body.data) verdicts.set(row.row, row.verdict);
    if (answer.body.next_cursor === null) return verdicts;
    cursor = `&cursor=${encodeURIComponent(answer.body.next_cursor)}`;
  }
  throw new Error('more pages than rows');
}

for (const file of FILES) {
  test(`a week of ${ROWS} messy rows: ${file.name}`, async (t) => {
    const { server, simulator, channel } = await startPair(t, { seed: file.seed });
    const moved = await server.api('POST', '/api/sandbox/clock', { to: START });
    assert.equal(moved.status, 200, moved.text);
    const sequence = await makeSequence(server, channel);

    const made = makePeople({ seed: file.seed, count: ROWS });
    for (const phone of made.optOuts) {
      const answer = await server.api('POST', '/api/opt-outs', { phone });
      assert.ok([200, 201].includes(answer.status), answer.text);
    }
    const early = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, {
      enrollments: [...made.alreadyActive].map((phone) => ({ phone, name: 'Early', timezone: 'Asia/Kolkata' })),
    });
    assert.equal(early.status, 200, early.text);
    const expectedPeople = new Map(made.people);
    for (const phone of made.alreadyActive) expectedPeople.set(phone, { phone, name: 'Early', city: '', zone: 'Asia/Kolkata', currentDay: 0 });

    const batch = await upload(server, sequence, toCsv(made.rows, file.csv), '?country=IN&filename=messy.csv');
    assert.equal(batch.status, 'completed', JSON.stringify(batch));
    const wanted = {};
    for (const { verdict } of made.rows) wanted[verdict] = (wanted[verdict] ?? 0) + 1;
    for (const [verdict, count] of Object.entries(wanted)) assert.equal(batch.counts[verdict], count, `${verdict}: ${JSON.stringify(batch.counts)}`);

    // One verdict a row, by the line it starts on (a quoted line break makes a row two lines long).
    const verdicts = await verdictsByLine(server, batch);
    let line = 2;
    for (const { cells, verdict } of made.rows) {
      assert.equal(verdicts.get(line) ?? 'enrolled', verdict, `line ${line}: ${JSON.stringify(cells)}`);
      line += 1 + Object.values(cells).join('').split('\n').length - 1;
    }

    await advance(server, '8d');
    assertLedger(compareLedger(simulator.entries(), expectedMessages(expectedPeople, Date.parse(START))));

    const stats = (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body;
    assert.equal(stats.enrolled_count, expectedPeople.size);
    assert.equal(stats.completed_count, expectedPeople.size);
  });
}
