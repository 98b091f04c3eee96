import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../src/core/format';
import { pickLanguage, plural, t, useCatalog } from '../src/core/i18n';
import { entries, exampleOf, propertiesOf, typeWord, type Document } from '../src/core/openapi';
import { countPaste } from '../src/core/paste';
import { matchPath } from '../src/core/router';
import { curl, javascript, python } from '../src/core/snippets';
import { bestOf } from './stopwatch';

const ROUTES = [
    { name: 'home', pattern: '/' },
    { name: 'list', pattern: '/sequences' },
    { name: 'one', pattern: '/sequences/:id' },
    { name: 'people', pattern: '/sequences/:id/people' },
];
test('paths find their page and parameters', () => {
    assert.equal(matchPath(ROUTES, '/')?.name, 'home');
    assert.equal(matchPath(ROUTES, '/sequences/')?.name, 'list');
    assert.deepEqual(matchPath(ROUTES, '/sequences/a%20b/people')?.params, { id: 'a b' });
    assert.equal(matchPath(ROUTES, '/sequences/%E0/people'), null);
    assert.equal(matchPath(ROUTES, '/nothing/here'), null);
});
test('the paste box counts people, repeats and lines that are no number', () => {
    const count = countPaste('+91 98765 43210, Asha\r\n919876543210\n\nhello\n5511987654321; João');
    assert.deepEqual([count.lines, count.people, count.repeated], [4, 2, 1]);
    assert.deepEqual(count.suspicious, [{ line: 4, text: 'hello' }]);
});
test('the paste box takes many lines', () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `+9198765${String(i).padStart(5, '0')}, Name`);
    const counts = countPaste(lines.join('\n'));
    assert.deepEqual([counts.lines, counts.people, counts.repeated], [10_000, 10_000, 0]);
});
test('a thousand pasted lines are counted while one types', () => {
    const text = Array.from({ length: 1_000 }, (_, i) => `+9198765${String(i).padStart(5, '0')}, Name`).join('\n');
    const tookMs = bestOf(() => countPaste(text));
    assert.ok(tookMs < 200, `${tookMs} ms`);
});
test('numbers, times and phones follow language and zone', () => {
    format.setFormatting('hi', 'Asia/Kolkata');
    assert.equal(format.number(1234567), '12,34,567');
    format.setFormatting('en', 'Asia/Kolkata');
    assert.match(format.time('2026-03-02T04:30:00Z'), /10:00/);
    assert.match(format.localMoment('2026-03-02T18:30'), /Mon.*2.*6:30/);
    assert.equal(format.percent(1, 0), '–');
    assert.equal(format.percent(1, 50), '2.0%'.replace('.0', ''));
    assert.equal(format.phone('919876543210'), '+91 98765 43210');
    assert.equal(format.phone('14155550123'), '+1 415 555 0123');
    assert.equal(format.relative('2026-03-02T04:28:00Z', Date.parse('2026-03-02T04:30:00Z')), '2 min. ago');
});
test('languages: nearest one, plurals by rule, missing texts in English', () => {
    assert.equal(pickLanguage('pt'), 'pt-BR');
    assert.equal(pickLanguage('es-MX'), 'es');
    assert.equal(pickLanguage('fr'), 'en');
    useCatalog('ar', { '{n} people': { zero: 'z', one: 'o', two: 't', few: '{n} f', many: 'm', other: 'x' } });
    assert.equal(plural('{n} person', '{n} people', 2), 't');
    assert.equal(plural('{n} person', '{n} people', 5), '5 f');
    assert.equal(t('Never translated {x}', { x: 1 }), 'Never translated 1');
    useCatalog('en', {});
    assert.equal(plural('{n} person', '{n} people', 1), '1 person');
    assert.equal(plural('{n} person', '{n} people', 1234, '1,234'), '1,234 people');
});
test('samples are quoted for their language', () => {
    const call = { method: 'POST', url: 'http://h/x', key: 'sk_1', body: { name: "O'Neil", text: 'true or null', yes: true, none: null } };
    assert.ok(curl(call).includes(`O'\\''Neil`));
    assert.ok(javascript(call).includes(`"name": "O'Neil"`));
    assert.ok(python(call).includes(`'yes': True`) || python(call).includes(`"yes": True`));
    assert.ok(python(call).includes('true or null'));
});
test('the API document is read with its references', () => {
    const document: Document = {
        info: { title: 'x', version: '1' },
        tags: [],
        paths: { '/a/{id}': { parameters: [{ $ref: '#/components/parameters/Id' }], get: { operationId: 'a', summary: 'A', tags: ['T'], responses: {} } } } as never,
        components: { parameters: { Id: { name: 'id', in: 'path', schema: { type: 'string' } } }, schemas: { A: { allOf: [{ $ref: '#/components/schemas/B' }, { type: 'object', properties: { c: { type: 'integer', minimum: 4 } } }] }, B: { type: 'object', required: ['b'], properties: { b: { type: ['string', 'null'] } } } } },
    };
    assert.deepEqual(entries(document).map(one => [one.method, one.parameters[0]?.name]), [['GET', 'id']]);
    assert.deepEqual(propertiesOf(document, { $ref: '#/components/schemas/A' }).map(one => [one.name, one.required]), [['b', true], ['c', false]]);
    assert.equal(typeWord(document, { type: 'array', items: { $ref: '#/components/schemas/A' } }), 'A[]');
    assert.deepEqual(exampleOf(document, { schema: { $ref: '#/components/schemas/A' } }), { b: 'text', c: 4 });
});
