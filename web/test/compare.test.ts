import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepInput } from '../src/core/api';
import { compareSteps, compareWords } from '../src/core/compare';

const marks = (before: string, after: string): string =>
    compareWords(before, after)
        .map(({ kind, text }) => ({ same: text, removed: `[-${text}-]`, added: `[+${text}+]` })[kind])
        .join('');
test('words that changed are marked, the others are not', () => {
    assert.equal(marks('Take 20 % off today', 'Take 30 % off today'), 'Take [-20-][+30+] % off today');
    assert.equal(marks('Hi there', 'Hi there, friend'), 'Hi there[+, friend+]');
    assert.equal(marks('one two three', 'one three'), 'one [-two -]three');
    assert.equal(marks('same', 'same'), 'same');
    assert.equal(marks('', 'new'), '[+new+]');
    assert.equal(marks('old', ''), '[-old-]');
});
test('words that follow each other are one mark', () => {
    assert.equal(marks('come at ten today', 'come before noon today'), 'come [-at ten-][+before noon+] today');
});
test('words of every script are whole', () => {
    assert.equal(marks('नमस्ते दोस्त', 'नमस्ते मित्र'), 'नमस्ते [-दोस्त-][+मित्र+]');
    assert.equal(marks('مرحبا بك', 'مرحبا بكم'), 'مرحبا [-بك-][+بكم+]');
});
test('without the marks of one kind each text is whole again', () => {
    const words = ['a', 'b', ' ', '\n', 'é', '🎉', '.', '{name}'];
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
    for (let round = 0; round < 500; round++) {
        const [before, after] = [0, 1].map(() => Array.from({ length: next(12) }, () => words[next(words.length)]).join('')) as [string, string];
        const pieces = compareWords(before, after);
        const without = (kind: string): string => pieces.filter(piece => piece.kind !== kind).map(piece => piece.text).join('');
        assert.equal(without('added'), before);
        assert.equal(without('removed'), after);
    }
});
test('what would take too long to compare is written anew as a whole', () => {
    assert.deepEqual(compareWords(`x ${'a '.repeat(2_048)}`, `x ${'b '.repeat(2_048)}`).map(piece => piece.kind), ['same', 'removed', 'added', 'same']);
});

const step = (id: string | undefined, day: number, message: string): StepInput => ({ id, day, type: 'text', message });
const told = (before: StepInput[], after: StepInput[]): string[] => compareSteps({ name: 'A', messages: before }, { name: 'A', messages: after }).map(({ kind, before: was, after: is }) => `${kind} ${was?.day ?? ''}>${is?.day ?? ''}`);
test('steps are found again by id, by words, by day', () => {
    assert.deepEqual(told([step('s1', 1, 'a'), step('s2', 3, 'b')], [step('s1', 1, 'a'), step('s2', 4, 'b')]), ['same 1>1', 'changed 3>4']);
    assert.deepEqual(told([step('s1', 1, 'a')], [step('s9', 1, 'a')]), ['same 1>1']);
    assert.deepEqual(told([step('s1', 1, 'a')], [step(undefined, 1, 'other')]), ['changed 1>1']);
    assert.deepEqual(told([step('s1', 1, 'a'), step('s2', 2, 'b'), step('s3', 5, 'c')], [step('s1', 1, 'a'), step('s3', 5, 'c'), step('s4', 9, 'd')]), ['same 1>1', 'removed 2>', 'same 5>5', 'added >9']);
});
test('nothing said and null are the same', () => {
    assert.deepEqual(told([{ ...step('s1', 1, 'a'), time: null }], [step('s1', 1, 'a')]), ['same 1>1']);
});
