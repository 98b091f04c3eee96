/* What the server can say is read in its sources: every sentence and code must be known to the UI,
 * and so, by the test of the texts, be there in every language. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AUDIT_WORDS } from '../src/core/audit_words';
import { useCatalog } from '../src/core/i18n';
import { failureSaid, fieldSaid, problemSaid, said, useSaid } from '../src/core/said';
import * as tables from '../src/core/said_tables';

const KNOWN = { sentences: tables.SENTENCES, classes: tables.CLASSES, fields: Object.keys(tables.FIELDS), problems: Object.keys(tables.PROBLEMS) };
useSaid(tables);

const root = [process.cwd(), join(process.cwd(), '..')].find(folder => existsSync(join(folder, 'src/domain/sequence_lint.c'))) as string;
const source = (path: string): string => readFileSync(join(root, path), 'utf8');
const PIECE = String.raw`"(?:[^"\\]|\\.)*"`;
const LITERAL = new RegExp(`${PIECE}(?:\\s*(?:${PIECE}|[A-Z_]+_ADVICE))*`, 'g');
/* The texts of C, adjacent ones joined; what is filled in becomes one sign. */
function literals(code: string): string[] {
    return (code.match(LITERAL) ?? []).map(found =>
        (found.match(new RegExp(PIECE, 'g')) ?? [])
            .map(piece => piece.slice(1, -1).replace(/\\(.)/g, '$1'))
            .join('')
            .replace(/%\.\*s|%[sdu]|%zu|%lld/g, '§')
            .replace(/§+/g, '§'),
    );
}
const sentences = new Set(KNOWN.sentences.map(sentence => sentence.replace(/\{[a-e]\}/g, '§')));
const isSentence = (text: string): boolean => /[a-z]{2,} [a-z]/i.test(text) && !text.startsWith('/');
function between(text: string, from: string | RegExp, to: string | RegExp): string {
    const start = text.search(from);
    assert.ok(start >= 0, `${String(from)} is not in the source`);
    const rest = text.slice(start);
    const end = rest.search(to);
    return rest.slice(0, end < 0 ? undefined : end);
}
function calls(text: string, name: string): string {
    return [...text.matchAll(new RegExp(`\\b${name}\\(`, 'g'))].map(match => between(text.slice(match.index), /^/, /;\n/)).join('\n');
}
const TABLES: Record<string, () => string> = {
    'findings of a sequence': () => calls(source('src/domain/sequence_lint.c').replace(/static void find[\s\S]*?\n\}/, ''), 'find'),
    'rules of the schedule': () => between(source('src/domain/schedule.c'), 'RULE_WORDS[SCHEDULE_RULE_COUNT] = {'.replace(/[[\]]/g, '\\$&'), /\n\};/) + calls(source('src/api/api_preview.c'), 'encode_rule'),
    'advice on messages': () => between(source('src/domain/message_words.c'), /REASONS\[\] = \{/, /\n\};/),
    alerts: () => ['alert_channels.c', 'alert_checks.c', 'alert_outside.c', 'alerts.c'].map(file => source(`src/service/${file}`)).map(code => (code.match(/(?:title|advice) =[\s\S]*?;\n/g) ?? []).join('\n')).join('\n').replace('"%s \\"%.*s\\""', '""'),
    'numbers that stand still': () => between(source('src/api/api_channels.c'), /REASONS\[\] = \{/, /\n {4}\};/),
    'the queue that stands still': () => between(source('src/delivery/delivery_idle.c'), /WORDS\[\] = \{/, /\n\};/) + calls(source('src/service/queue_stats.c'), 'set_state'),
    'webhooks that are off': () => between(source('src/api/api_webhooks.c'), /REASONS\[\] = \{/, /\n {4}\};/),
    'verdicts on rows': () => between(source('src/domain/import_row.c'), /VERDICTS\[\] = \{/, /\n\};/),
    'verdicts on numbers': () => between(source('src/domain/phone_text.c'), /VERDICTS\[\] = \{/, /\n\};/),
    'warnings of imports': () => calls(source('src/api/api_enroll.c'), 'encode_warning'),
};
for (const [name, code] of Object.entries(TABLES))
    test(`known: ${name}`, () => {
        const said = literals(code()).filter(isSentence);
        assert.ok(said.length >= 2, `${said.length} sentences found`);
        assert.deepEqual(said.filter(sentence => !sentences.has(sentence)), []);
    });
test('known: alerts about held numbers', () => {
    const held = literals(between(source('src/service/alert_channels.c'), /HELD\[\] = \{/, /\n\};/)).filter(isSentence);
    assert.deepEqual(held.filter(text => !sentences.has(text) && !sentences.has(`${text} "§"`)), []);
});
test('known: what a person waits for', () => {
    const code = source('src/service/explain.c');
    const texts = literals(calls(code, 'block')).filter(isSentence);
    assert.ok(texts.length > 10);
    assert.deepEqual(texts.filter(text => !sentences.has(text)), []);
});
test('every code of the provider has the words of its class', () => {
    const rows = [...source('src/provider/provider_error.c').matchAll(/\{(\d+), PROVIDER_CLASS_([A-Z_]+),/g)];
    assert.ok(rows.length > 50);
    for (const [, code, name] of rows) assert.ok(KNOWN.classes[(name as string).toLowerCase()]?.codes.includes(Number(code)), `${code} is ${name}`);
});
test('every reason of a message has its word', () => {
    const words = source('web/src/ui/status.tsx');
    const reasons = [...between(source('src/domain/message_words.c'), /REASONS\[\] = \{/, /\n\};/).matchAll(/\{REASON_[A-Z_]+, "([a-z_]+)"/g)].map(match => match[1]);
    assert.deepEqual(reasons.filter(reason => !words.includes(`\n    ${reason}: () =>`)), []);
});
test('every code of a refusal has its words', () => {
    const problems = [...source('src/api/problem.c').matchAll(/\{ERROR_[A-Z_]+, \d+, "([a-z_]+)"\}/g)].map(match => match[1] as string);
    assert.ok(problems.length >= 9);
    assert.deepEqual(problems.filter(code => !KNOWN.problems.includes(code)), []);
    const reader = [...source('src/base/json_reader.c').matchAll(/json_reader_fail\(reader, [a-zA-Z]+, "([a-z_]+)"/g)].map(match => match[1] as string);
    assert.ok(reader.length >= 8);
    assert.deepEqual(reader.filter(code => !KNOWN.fields.includes(code)), []);
});
test('every code of a refused field has its words', () => {
    const codes = new Set<string>();
    for (const folder of ['api', 'service', 'domain']) {
        const files = readdirSync(join(root, 'src', folder)).filter(file => file.endsWith('.c') && !file.endsWith('_test.c'));
        for (const file of files)
            for (const match of source(`src/${folder}/${file}`).matchAll(/\b(?:error_field|json_reader_fail|refuse)\(\s*\w+,\s*(?:"[^"]*"|[^,"()]+|\w+\([^()]*\)),\s*"([a-z_]+)",/g)) codes.add(match[1] as string);
    }
    assert.ok(codes.size > 15, `${codes.size} codes found`);
    assert.deepEqual([...codes].filter(code => !KNOWN.fields.includes(code)), []);
});
test('every action of the audit trail has its words', () => {
    const actions = new Set<string>(['login', 'logout', 'export', 'backup', 'import_json']);
    for (const folder of ['api', 'service']) {
        const files = readdirSync(join(root, 'src', folder)).filter(file => file.endsWith('.c') && !file.endsWith('_test.c'));
        // Events are told in the past tense, actions of people are not; the rest are lines of the log and files.
        for (const file of files)
            for (const match of source(`src/${folder}/${file}`).matchAll(/"([a-z_]+(?:\.[a-z_]+)+)"/g))
                if (!/ed$|^(http|hub|events|access|batch|error|runner|import_json)\.|\.(json|db|journal|restoring)$/.test(match[1] as string)) actions.add(match[1] as string);
    }
    actions.add('login.failed');
    assert.ok(actions.size > 40, `${actions.size} actions found`);
    assert.deepEqual([...actions].filter(action => !AUDIT_WORDS[action]), []);
    assert.deepEqual(Object.keys(AUDIT_WORDS).filter(action => !actions.has(action)), []);
});
test('sentences are put into words with what fills them', () => {
    const known = 'no contact has the field "{a}"; did you mean {{b}}?';
    assert.equal(said('time zone "Mars/Olympus" does not exist'), 'time zone "Mars/Olympus" does not exist');
    useCatalog('es', { [known]: 'falta "{a}"; ¿{{b}}?', 'is too long': 'es largo', 'It is too large.': 'Es grande.', 'Payment problem': 'Pago', 'This person is paused: {a}': 'En pausa: {a}' });
    assert.equal(said('no contact has the field "nmae"; did you mean {name}?'), 'falta "nmae"; ¿{name}?');
    assert.equal(said('This person is paused: replied', value => `<${value}>`), 'En pausa: <replied>');
    assert.equal(said('never heard of'), 'never heard of');
    assert.equal(fieldSaid({ code: 'too_long', message: 'must have at most 5 characters, has 9' }), 'es largo');
    assert.equal(problemSaid('too_big', 'the body is larger than 1 MB'), 'Es grande.');
    assert.equal(failureSaid({ code: 131042, title: 'Payment problem' }).title, 'Pago');
    assert.equal(failureSaid({ code: null, title: 'Missing field' }, 'Sin valor').title, 'Sin valor');
    useCatalog('en', {});
});
