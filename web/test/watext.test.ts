import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInline, parseWhatsAppText, type Inline } from '../src/core/watext';
import { bestOf } from './stopwatch';

/* A short spelling of a tree: b(…) i(…) s(…) m(…) l(…). */
const spell = (nodes: Inline[]): string =>
    nodes.map(node => (node.kind === 'text' ? node.text : node.kind === 'mono' ? `m(${node.text})` : node.kind === 'link' ? `l(${node.href})` : `${node.kind[0]}(${spell(node.children)})`)).join('');

const CASES: [string, string][] = [
    ['*bold* _italic_ ~gone~', 'b(bold) i(italic) s(gone)'],
    ['*bold _both_*', 'b(bold i(both))'],
    ['2*3*4', '2*3*4'],
    ['snake_case_name', 'snake_case_name'],
    ['* not bold *', '* not bold *'],
    ['(*yes*), *yes*!', '(b(yes)), b(yes)!'],
    ['**', '**'],
    ['*open', '*open'],
    ['`a*b*`', 'm(a*b*)'],
    ['see https://a.example/x_y_z.', 'see l(https://a.example/x_y_z).'],
    ['www.a.example', 'l(https://www.a.example)'],
    ['<b>*x*</b>', '<b>*x*</b>'.replace('*x*', 'b(x)')],
    ['مرحبا *بك*', 'مرحبا b(بك)'],
    ['नमस्ते *आशा*', 'नमस्ते b(आशा)'],
    ['𝒜*x*', '𝒜*x*'],
];
test('markers count only at the edges of words', () => {
    for (const [source, wanted] of CASES) assert.equal(spell(parseInline(source)), wanted, source);
});
test('lines become quotes, lists and code', () => {
    const kinds = parseWhatsAppText('> said\n- one\n* two\n3. three\nplain\n```let x\ny```').map(block => block.kind);
    assert.deepEqual(kinds, ['quote', 'bullet', 'bullet', 'number', 'line', 'code']);
});
test('empty lines stay, and nothing is lost', () => {
    assert.deepEqual(parseWhatsAppText('a\n\nb').map(block => block.kind), ['line', 'line', 'line']);
    assert.deepEqual(parseWhatsAppText(''), [{ kind: 'line', children: [] }]);
});
test('any text is taken, quickly', () => {
    const tookMs = bestOf(() => parseWhatsAppText('*_~`'.repeat(1024)));
    assert.ok(tookMs < 500, `${tookMs} ms`);
});
