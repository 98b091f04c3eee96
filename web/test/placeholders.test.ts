import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distance, misspelt, parsePlaceholders, renderPlaceholders, suggest } from '../src/core/placeholders';

const sample = { name: ' Asha  Rao ', phone: '919876543210', day: 3, sequence: 'Welcome', fields: { city: ' Pune ' } };
test('values, fallbacks and braces', () => {
    const render = (source: string): string => renderPlaceholders(source, sample).text;
    assert.equal(render('Hi {name}, {first_name}!'), 'Hi Asha  Rao, Asha!');
    assert.equal(render('{city|your city} {town|your town}'), 'Pune your town');
    assert.equal(render('{{name}} {day} {sequence} {phone}'), '{name} 3 Welcome 919876543210');
});
test('an empty name falls back to "there" or to the given words', () => {
    const nobody = { ...sample, name: '' };
    assert.equal(renderPlaceholders('{name} {first_name|friend}', nobody).text, 'there friend');
});
test('a field without value and fallback is named', () => {
    assert.deepEqual(renderPlaceholders('{doctor} {city}', sample).missing, ['doctor']);
});
test('broken placeholders stay as they were written', () => {
    assert.equal(renderPlaceholders('{ } {a b} {open', sample).text, '{ } {a b} {open');
    assert.deepEqual(parsePlaceholders('x{name}y').map(piece => [piece.start, piece.end]), [[0, 1], [1, 7], [7, 8]]);
});
test('a misspelt name is recognised, a new one is not', () => {
    assert.equal(distance('nmae', 'name'), 1);
    assert.equal(suggest('nmae', ['name', 'day']), 'name');
    assert.equal(suggest('clinic', ['name', 'day']), null);
    assert.deepEqual(misspelt('{nmae} {city} {ctiy}', ['city']), [{ name: 'nmae', suggestion: 'name' }, { name: 'ctiy', suggestion: 'city' }]);
});
