import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayAfter, dayIn, isDay, startOfDay } from '../src/core/zone';

const begins = (day: string, zone: string): string => new Date(startOfDay(day, zone)).toISOString();
test('a day begins at midnight of its zone', () => {
    assert.equal(begins('2027-03-02', 'UTC'), '2027-03-02T00:00:00.000Z');
    assert.equal(begins('2027-03-02', 'Asia/Kolkata'), '2027-03-01T18:30:00.000Z');
    assert.equal(begins('2027-03-02', 'Pacific/Auckland'), '2027-03-01T11:00:00.000Z');
    assert.equal(begins('2027-03-02', 'Pacific/Kiritimati'), '2027-03-01T10:00:00.000Z');
    assert.equal(begins('2027-03-02', 'America/Los_Angeles'), '2027-03-02T08:00:00.000Z');
});
test('also on the days when clocks change', () => {
    assert.equal(begins('2027-03-28', 'Europe/Berlin'), '2027-03-27T23:00:00.000Z');
    assert.equal(begins('2027-03-29', 'Europe/Berlin'), '2027-03-28T22:00:00.000Z');
    assert.equal(begins('2027-11-01', 'Europe/Berlin'), '2027-10-31T23:00:00.000Z');
    const lebanon = startOfDay('2027-03-28', 'Asia/Beirut'); // clocks jump from midnight to one
    assert.equal(dayIn('Asia/Beirut', lebanon), '2027-03-28');
    assert.equal(dayIn('Asia/Beirut', lebanon - 1), '2027-03-27');
});
test('days are told apart from other words', () => {
    assert.equal(dayIn('Pacific/Auckland', Date.parse('2026-12-31T12:00:00Z')), '2027-01-01');
    assert.equal(dayAfter('2028-02-28'), '2028-02-29');
    assert.equal(dayAfter('2026-12-31'), '2027-01-01');
    assert.ok(isDay('2026-12-31'));
    for (const word of [null, '', 'soon', '2026-13-40', '2026-1-1', '2026-12-31T00:00']) assert.ok(!isDay(word), String(word));
});
