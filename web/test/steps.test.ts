import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SequenceInput, StepInput } from '../src/core/api';
import { finished, missingField, moveStep, newStep, sameDocument, sameWords, sortByDay, toWire, withKnownIds, withSaved } from '../src/core/steps';

const steps: StepInput[] = [1, 3, 7].map(day => ({ day, type: 'text', message: `day ${day}` }));
test('a new day is the last one plus one', () => {
    assert.equal(newStep(steps).day, 8);
    assert.equal(newStep([]).day, 1);
    assert.equal(newStep([{ day: 3650 }]).day, 3650);
});
test('moving changes the order of the texts, not the calendar', () => {
    const moved = moveStep(steps, 2, 0);
    assert.deepEqual(moved.map(step => step.day), [1, 3, 7]);
    assert.deepEqual(moved.map(step => step.message), ['day 7', 'day 1', 'day 3']);
    assert.deepEqual(moveStep(steps, 0, -1), steps);
});
test('sorting is by day and keeps the order within a day', () => {
    const mixed: StepInput[] = [{ day: 3, message: 'b' }, { day: 1, message: 'a' }, { day: 3, message: 'c' }];
    assert.deepEqual(sortByDay(mixed).map(step => step.message), ['a', 'b', 'c']);
});
test('documents are compared by what they mean', () => {
    const a: SequenceInput = { name: 'x', description: null, messages: [{ day: 1, message: 'm', time: null }], version: 1 };
    const b = { version: 9, messages: [{ message: 'm', day: 1, key: 'page only' }], name: 'x' } as SequenceInput;
    assert.ok(sameDocument(a, b));
    assert.ok(!sameDocument(a, { ...b, name: 'y' }));
    assert.deepEqual(toWire(b).messages, [{ message: 'm', day: 1 }]);
});
test('a step that the server has no longer goes to it as a new one', () => {
    const sequence = { messages: [{ ...steps[0], id: 'step_001' }] } as Parameters<typeof withKnownIds>[1];
    const document: SequenceInput = { name: 'x', messages: [{ day: 1, id: 'step_001' }, { day: 3, id: 'step_002' }, { day: 7 }] };
    assert.deepEqual(withKnownIds(document, sequence).messages?.map(step => step.id), ['step_001', undefined, undefined]);
    const known: SequenceInput = { name: 'x', messages: [{ day: 1, id: 'step_001' }, { day: 7 }] };
    assert.equal(withKnownIds(known, sequence), known, 'nothing to change, nothing new');
});
test('what was saved gives its version and ids to what is written by then', () => {
    const sent = { name: 'x', version: 1, messages: [{ day: 1, id: 'step_001' }, { day: 3, message: 'b', key: 'k' }] } as SequenceInput;
    const written = { name: 'y', version: 1, messages: [{ day: 1, id: 'step_001' }, { day: 3, message: 'bc', key: 'k' }, { day: 5, key: 'new' }] } as SequenceInput;
    const saved = { version: 2, messages: [{ day: 1, id: 'step_001' }, { day: 3, id: 'step_002' }] } as Parameters<typeof withSaved>[2];
    const next = withSaved(written, sent, saved);
    assert.deepEqual([next.version, next.name, next.messages?.map(step => step.id), next.messages?.[1]?.message], [2, 'y', ['step_001', 'step_002', undefined], 'bc']);
    assert.ok(sameWords(sent, { ...sent, version: 2, messages: saved.messages.map((step, at) => ({ ...step, message: sent.messages?.[at]?.message })) }));
    assert.ok(!sameWords(sent, written));
});
test('unfinished steps are found and left out, and places are kept', () => {
    const template = { name: 'welcome', language: 'en', body: ['name={first_name}'], buttons: [] };
    assert.equal(missingField({ day: 1, type: 'text', message: ' ' }), 'message');
    assert.equal(missingField({ day: 1, type: 'text', message: 'x'.repeat(4097) }), 'message');
    assert.equal(missingField({ day: 1, type: 'media', media_type: 'image', media_url: 'htt' }), 'media_url');
    assert.equal(missingField({ day: 1, type: 'media', media_type: 'image', media_url: 'https://a.example/{phone}.png' }), null);
    assert.equal(missingField({ day: 1, type: 'template', template }), null);
    assert.equal(missingField({ day: 1, type: 'template', template: { ...template, body: ['name='] } }), 'template');
    const document: SequenceInput = { name: 'x', messages: [{ day: 1, message: 'a' }, { day: 2, message: '' }, { day: 3, message: 'c' }] };
    assert.deepEqual(finished(document).indexes, [0, 2]);
    assert.deepEqual(finished(document).document.messages?.map(step => step.day), [1, 3]);
    assert.equal(finished({ name: 'x', messages: [{ day: 1, message: 'a', id: 'step_001' }] }).document.messages?.[0]?.id, undefined);
});
