// Everything that must be refused, each with its own error code, the field or line it stands in and
// words that say what to do; and after each refusal nothing is half done.
import assert from 'node:assert/strict';
import test from 'node:test';
import { run } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };
const CSV_TYPE = { 'content-type': 'text/csv' };
const deep = (levels) => '['.repeat(levels) + ']'.repeat(levels);
const step = (more) => ({ name: 'Bad', messages: [{ day: 1, message: 'Hi' }, { day: 2, message: 'Ho', ...more }] });
const media = (more) => step({ type: 'media', message: 'See', media_url: 'https://files.example/a.jpg', media_type: 'image', ...more });
const template = (more) => step({ type: 'template', message: null, template: { name: 'welcome', language: 'en', ...more } });

/** What a server holds that a refused request might have touched. */
async function counts(server, sequence) {
  const list = async (path) => (await server.api('GET', path)).body.data;
  const all = await Promise.all(['/api/sequences?limit=500', '/api/contacts?limit=500', '/api/opt-outs', '/api/batches', '/api/channels', '/api/keys', '/api/users', '/api/queue?limit=500'].map(list));
  const settings = (await server.api('GET', '/api/settings')).body;
  const stats = (await server.api('GET', `/api/sequences/${sequence}/stats`)).body;
  return { lengths: all.map((data) => data.length), settings, stats, document: (await server.api('GET', `/api/sequences/${sequence}`)).body };
}

/** [what, method, path, body, status, code, field, words]: `field` null where no field is named. */
function assertRefused(what, answer, status, code, field, words) {
  const shown = `${what}: ${answer.status} ${answer.text.slice(0, 400)}`;
  assert.equal(answer.status, status, shown);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json', shown);
  assert.ok((answer.body.detail ?? '').length > 5, `${what}: says what is wrong`);
  if (field === null) {
    assert.equal(answer.body.code, code, shown);
    assert.match(answer.body.detail, words, shown);
    return;
  }
  const found = (answer.body.errors ?? []).find((error) => error.field === field && error.code === code);
  assert.ok(found, `${what}: ${code} at ${field}: ${shown}`);
  assert.match(found.message, words, shown);
}

async function setUp(t, args) {
  const server = await startServer(t, { args });
  const made = await server.api('POST', '/api/sequences', { name: 'Good', messages: [{ day: 1, message: 'Hi {name}' }, { day: 3, message: 'Ho' }] });
  assert.equal(made.status, 201, made.text);
  const person = await server.api('POST', `/api/sequences/${made.body.id}/enroll`, { phone: '919876543210', name: 'Asha' });
  assert.equal(person.status, 201, person.text);
  return { server, id: made.body.id, steps: made.body.messages.map((one) => one.id), enrollment: person.body.enrollment_id };
}

async function refuseAll(server, id, cases) {
  let before = await counts(server, id);
  const findings = [];
  for (const [what, method, path, body, status, code, field, words, headers = JSON_TYPE] of cases) {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const answer = await server.api(method, path, raw, headers);
    try {
      assertRefused(what, answer, status, code, field, words);
      assert.deepEqual(await counts(server, id), before, `${what}: nothing changed`);
    } catch (error) {
      findings.push(error.message);
      before = await counts(server, id);
    }
  }
  assert.equal(findings.length, 0, findings.join('\n'));
  assert.ok(!server.daemon.exited);
  const verified = await run(['verify', '--data', server.data, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
}

test('bodies that are no good JSON', async (t) => {
  const { server, id } = await setUp(t);
  const path = '/api/sequences';
  const bad = (what, body, words, field = null) => [what, 'POST', path, body, 400, 'bad_json', field, words];
  await refuseAll(server, id, [
    bad('a body cut short', '{"name":"a",', /line 1|column|end/i),
    bad('nonsense on line 3', '{\n"name":"a",\n"description":x}', /line 3/),
    bad('two values', '{"name":"a"}{"name":"b"}', /line 1|end|after/i),
    bad('a key given twice', '{"name":"a","name":"b"}', /duplicate|twice|once/i),
    bad('a key given twice further down', '{"name":"a","messages":[{"day":1,"message":"a","day":2}]}', /duplicate|twice|once/i),
    bad('bad UTF-8', Buffer.concat([Buffer.from('{"name":"a'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]), /UTF-8|decode/i),
    bad('overlong UTF-8', Buffer.concat([Buffer.from('{"name":"a'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]), /UTF-8|decode/i),
    bad('a lone surrogate', '{"name":"\\ud800"}', /surrogate|unicode|UTF|\\u/i),
    bad('a raw NUL', Buffer.from('{"name":"a\0b"}'), /NUL|null|control|line 1/i),
    bad('an escaped NUL', '{"name":"a\\u0000b"}', /NUL|null|u0000/i),
    bad('a raw line end in a text', '{"name":"a\nb"}', /control|line 1|newline/i),
    ['33 levels', 'POST', path, `{"name":"a","description":${deep(32)}}`, 400, 'too_deep', null, /deeper than 32/],
    ['3,000 levels', 'POST', path, deep(3000), 400, 'too_deep', null, /deeper than 32/],
    bad('1e999', '{"name":"a","version":1e999}', /range|large|big|number/i),
    bad('an integer that no int64 holds', '{"name":"a","version":99999999999999999999}', /range|large|big|number/i),
    bad('NaN', '{"name":"a","version":NaN}', /line 1/),
    bad('a comment', '{"name":"a" /* why */}', /line 1/),
    bad('a trailing comma', '{"name":"a",}', /line 1/),
    bad('only blanks', '   ', /./),
    ['an empty body', 'POST', path, '', 422, 'invalid', null, /body/],
    ['no body', 'POST', path, undefined, 422, 'invalid', null, /body/],
    ['a list in place of an object', 'POST', path, [], 422, 'invalid', null, /object/],
    ['a form in place of JSON', 'POST', path, 'name=a', 415, 'unsupported', null, /application\/json/, { 'content-type': 'application/x-www-form-urlencoded' }],
    ...['application/json; charset=utf-16', 'application/json;Charset="ISO-8859-1"', 'application/json; charset='].map((type) =>
      [type, 'POST', path, '{"name":"a"}', 415, 'unsupported', null, /send it in UTF-8/, { 'content-type': type }]),
    ['no media type', 'POST', path, Buffer.from('{"name":"a"}'), 415, 'unsupported', null, /application\/json/, {}],
    ['a body over 64 KiB', 'POST', '/api/opt-outs', { phone: '919876543211', reason: 'x'.repeat(65_536) }, 413, 'too_big', null, /larger/],
    ['a body over 4 MiB', 'POST', path, { name: 'a', description: 'x'.repeat(4 * 1024 * 1024) }, 413, 'too_big', null, /larger/],
  ]);
});

test('depth 32 is the deepest that is read, one more is refused', async (t) => {
  const { server } = await setUp(t);
  const at = await server.api('POST', '/api/sequences', `{"name":"a","description":${deep(31)}}`, JSON_TYPE);
  assert.equal(at.status, 422, at.text);
  const over = await server.api('POST', '/api/sequences', `{"name":"a","description":${deep(32)}}`, JSON_TYPE);
  assert.equal(over.status, 400, over.text);
});

test('fields of a sequence', async (t) => {
  const { server, id, steps } = await setUp(t);
  const bad = (what, body, code, field, words) => ['POST', 'PUT'].map((method) => [
    `${method} ${what}`, method, method === 'POST' ? '/api/sequences' : `/api/sequences/${id}`, body, 422, code, field, words]);
  await refuseAll(server, id, [
    ...bad('an unknown field', { name: 'a', nmae: 'b' }, 'unknown_field', 'nmae', /did you mean "name"/),
    ...bad('an unknown field of a step', step({ mesage: 'x' }), 'unknown_field', 'messages[1].mesage', /did you mean "message"/),
    ...bad('an unknown field of a template', template({ lang: 'en' }), 'unknown_field', 'messages[1].template.lang', /known field/),
    ...bad('a number as name', { name: 5 }, 'wrong_type', 'name', /text/),
    ...bad('a text as list', { name: 'a', messages: 'Hi' }, 'wrong_type', 'messages', /list|array/),
    ...bad('a text as day', step({ day: '2' }), 'wrong_type', 'messages[1].day', /number/),
    ...bad('half a day', step({ day: 1.5 }), 'wrong_type', 'messages[1].day', /whole number/),
    ...bad('a step that is no object', { name: 'a', messages: [1] }, 'wrong_type', 'messages[0]', /object/),
    ...bad('an empty name', { name: '  ' }, 'required', 'name', /empty/),
    ...bad('a long name', { name: 'x'.repeat(201) }, 'too_long', 'name', /200/),
    ...bad('a long description', { name: 'a', description: 'x'.repeat(2001) }, 'too_long', 'description', /2000/),
    ...bad('day 0', step({ day: 0 }), 'out_of_range', 'messages[1].day', /1 to 3650/),
    ...bad('day -1', step({ day: -1 }), 'out_of_range', 'messages[1].day', /1 to 3650/),
    ...bad('day 3651', step({ day: 3651 }), 'out_of_range', 'messages[1].day', /1 to 3650/),
    ...bad('no day', { name: 'a', messages: [{ message: 'Hi' }] }, 'required', 'messages[0].day', /./),
    ...bad('an unknown zone', { name: 'a', timezone: 'Asia/Calcuta' }, 'unknown_timezone', 'timezone', /Asia\/Kolkata/),
    ...bad('a zone that is a path', { name: 'a', timezone: '../../etc/passwd' }, 'unknown_timezone', 'timezone', /Asia\/Kolkata/),
    ...bad('a bad time', step({ time: '25:00' }), 'invalid_format', 'messages[1].time', /09:30/),
    ...bad('a bad send_time', { name: 'a', send_time: '9.30' }, 'invalid_format', 'send_time', /09:30/),
    ...bad('an unknown status', { name: 'a', status: 'running' }, 'invalid_choice', 'status', /draft, active/),
    ...bad('an unknown type', step({ type: 'sms' }), 'invalid_choice', 'messages[1].type', /text, media/),
    ...bad('an unknown weekday', { name: 'a', send_window: { days: ['moon'], from: '09:00', to: '18:00' } }, 'invalid_choice', 'send_window.days[0]', /mon, tue/),
    ...bad('no weekdays', { name: 'a', send_window: { days: [], from: '09:00', to: '18:00' } }, 'too_short', 'send_window.days', /1/),
    ...bad('an empty window', { name: 'a', send_window: { days: ['mon'], from: '09:00', to: '09:00' } }, 'out_of_range', 'send_window.to', /empty/),
    ...bad('a bad duration', { name: 'a', late_policy: { action: 'skip', max_late: 'soon' } }, 'invalid_format', 'late_policy.max_late', /3d/),
    ...bad('text over 4,096 units', step({ message: 'x'.repeat(4097) }), 'too_long', 'messages[1].message', /4096/),
    ...bad('text over 4,096 units of two', step({ message: '😀'.repeat(2049) }), 'too_long', 'messages[1].message', /4096/),
    ...bad('a caption over 1,024', media({ message: 'x'.repeat(1025) }), 'too_long', 'messages[1].message', /1024/),
    ...bad('a text step without text', step({ message: '  ' }), 'required', 'messages[1].message', /./),
    ...bad('a media step without URL', media({ media_url: null }), 'required', 'messages[1].media_url', /./),
    ...bad('a URL of a script', media({ media_url: 'javascript:alert(1)' }), 'invalid_format', 'messages[1].media_url', /http/),
    ...bad('a URL that is too long', media({ media_url: `https://a.example/${'x'.repeat(2048)}` }), 'too_long', 'messages[1].media_url', /2048/),
    ...bad('a template step without template', step({ type: 'template', message: null }), 'required', 'messages[1].template', /./),
    ...bad('a template without name', template({ name: undefined }), 'required', 'messages[1].template.name', /./),
    ...bad('a template name in capitals', template({ name: 'Welcome' }), 'invalid_format', 'messages[1].template.name', /a-z|lower/),
    ...bad('a template without language', template({ language: undefined }), 'required', 'messages[1].template.language', /./),
    ...bad('a template body of numbers', template({ body: [7] }), 'wrong_type', 'messages[1].template.body[0]', /must be/),
    ...bad('501 steps', { name: 'a', messages: Array.from({ length: 501 }, () => ({ day: 1, message: 'x' })) }, 'too_long', 'messages', /500/),
    ...bad('a channel that is no id', { name: 'a', channel_id: 'chan_x' }, 'invalid_format', 'channel_id', /chan_001/),
    ['two steps with one id', 'PUT', `/api/sequences/${id}`, { messages: [{ id: steps[0], day: 1, message: 'a' }, { id: steps[0], day: 2, message: 'b' }] }, 422, 'duplicate', 'messages[1].id', /./],
    ['a step of nowhere', 'PUT', `/api/sequences/${id}`, { messages: [{ id: 'step_999999', day: 1, message: 'a' }] }, 422, 'unknown_step', 'messages[0].id', /./],
    ['a version that is none', 'PUT', `/api/sequences/${id}`, { version: 0 }, 422, 'out_of_range', 'version', /./],
  ]);
  const both = await server.api('POST', '/api/sequences', { nmae: 1, name: 7, messages: [{ day: 0, message: '' }, { day: 'x', type: 'media' }] });
  assert.ok(both.body.errors.length >= 4, 'all findings come at once');
});

test('people, ids, addresses of pages', async (t) => {
  const { server, id, enrollment } = await setUp(t);
  const one = `/api/sequences/${id}/enroll`;
  const query = (what, path, code, field, words) => [what, 'GET', path, undefined, 422, code, field, words];
  const cursor = (plain) => encodeURIComponent(Buffer.from(plain).toString('base64url'));
  await refuseAll(server, id, [
    ['no phone', 'POST', one, { name: 'a' }, 422, 'required', 'phone', /./],
    ['a phone of letters', 'POST', one, { phone: 'call me' }, 422, 'not_a_number', 'phone', /letters/],
    ['a phone that is too short', 'POST', one, { phone: '+911234' }, 422, 'too_short', 'phone', /digits/],
    ['a phone as number', 'POST', one, { phone: [] }, 422, 'wrong_type', 'phone', /./],
    ['an unknown zone', 'POST', one, { phone: '919876543211', timezone: 'Mars/Base' }, 422, 'unknown_timezone', 'timezone', /./],
    ['a date of nowhere', 'POST', one, { phone: '919876543211', enrolled_at: '2026-02-30T00:00:00Z' }, 422, 'invalid_format', 'enrolled_at', /2026|RFC|like/],
    ['a date without zone', 'POST', one, { phone: '919876543211', enrolled_at: '2026-02-03T00:00:00' }, 422, 'invalid_format', 'enrolled_at', /2026|RFC|like/],
    ['start_day 0', 'POST', one, { phone: '919876543211', start_day: 0 }, 422, 'out_of_range', 'start_day', /1/],
    ['51 fields', 'POST', one, { phone: '919876543211', custom_fields: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`f${n}`, 'x'])) }, 422, 'too_long', 'custom_fields', /50/],
    ['a field that is an object', 'POST', one, { phone: '919876543211', custom_fields: { a: {} } }, 422, 'wrong_type', 'custom_fields', /texts, numbers/],
    ['an unknown country', 'POST', one, { phone: '9876543211', country: 'XX' }, 422, 'invalid_choice', 'country', /./],
    ['an unknown mode', 'PUT', `/api/enrollments/${enrollment}`, { status: 'active', mode: 'later' }, 422, 'invalid_choice', 'mode', /shift/],
    ['a status nobody can set', 'PUT', `/api/enrollments/${enrollment}`, { status: 'completed' }, 422, 'invalid_choice', 'status', /paused/],
    ['neither ids nor filter', 'POST', '/api/enrollments/bulk-action', { action: 'pause' }, 422, 'required', 'ids', /filter/],
    ['an id that is none', 'POST', '/api/enrollments/bulk-action', { action: 'pause', ids: ['42'] }, 422, 'invalid_format', 'ids', /item 1/],
    ['10,001 ids', 'POST', '/api/enrollments/bulk-action', { action: 'pause', ids: Array.from({ length: 10_001 }, (_, n) => `enroll_${n + 1}`) }, 422, 'too_long', 'ids', /10000/],
    ['an unknown decision', 'POST', '/api/messages/msg_001/resolve', { decision: 'maybe' }, 422, 'invalid_choice', 'decision', /resend/],
    ['quiet hours without an end', 'PUT', '/api/settings', { quiet_hours: { from: '21:00' } }, 422, 'required', 'quiet_hours.to', /./],
    ['a setting that is none', 'PUT', '/api/settings', { timezne: 'UTC' }, 422, 'unknown_field', 'timezne', /timezone/],
    ['an unknown zone of the server', 'PUT', '/api/settings', { timezone: 'Nowhere' }, 422, 'unknown_timezone', 'timezone', /./],
    ['a scope that is none', 'POST', '/api/keys', { name: 'a', scopes: ['root'] }, 422, 'invalid_choice', 'scopes', /read, enroll/],
    ['a short password', 'POST', '/api/users', { email: 'a@b.example', role: 'viewer', password: 'short' }, 422, 'too_short', 'password', /12/],
    ['plain http to a stranger', 'POST', '/api/channels', { name: 'a', provider: 'cloud', phone_number_id: '1', waba_id: '2', access_token: 'x', app_secret: 'y', verify_token: 'z', base_url: 'http://graph.example' }, 422, 'invalid_format', 'base_url', /https/],
    query('a filter that is none', '/api/sequences?state=active', 'unknown_field', 'state', /unknown/),
    query('a parameter where none is taken', '/api/settings?zone=UTC', 'unknown_field', 'query', /no parameters/),
    query('a status that is none', '/api/sequences?status=active,gone', 'invalid_choice', 'status', /draft, active/),
    query('a limit of 0', '/api/sequences?limit=0', 'out_of_range', 'limit', /1 and 500/),
    query('a limit of 501', '/api/queue?limit=501', 'out_of_range', 'limit', /1 and 500/),
    query('a limit in words', '/api/queue?limit=ten', 'wrong_type', 'limit', /whole number/),
    query('a limit given twice', '/api/queue?limit=1&limit=2', 'duplicate', 'limit', /more than once/),
    query('a sort that is none', '/api/queue?sort=name', 'invalid_choice', 'sort', /scheduled_for/),
    query('an id that is none', '/api/queue?sequence_id=1', 'invalid_format', 'sequence_id', /seq_001/),
    query('a date that is none', '/api/queue?from=yesterday', 'invalid_format', 'from', /2026/),
    query('a bad escape', '/api/queue?phone=%zz', 'invalid_format', 'query', /encoded/),
    query('a NUL', '/api/contacts?q=%00', 'invalid_format', 'query', /encoded|NUL/),
    query('bad UTF-8', '/api/contacts?q=%ff', 'invalid_format', 'query', /encoded|UTF-8/),
    query('a zone that is none', '/api/stats/overview?timezone=Nowhere', 'unknown_timezone', 'timezone', /./),
    query('an end before the start', '/api/stats/timeseries?from=2026-03-02&to=2026-03-01', 'out_of_range', 'from', /before/),
    query('91 days', '/api/stats/forecast?days=91', 'out_of_range', 'days', /1 and 90/),
    ...['/api/sequences', '/api/queue', '/api/contacts', '/api/events', '/api/batches', '/api/opt-outs', `/api/sequences/${id}/enrollments`, `/api/sequences/${id}/versions`].flatMap((path) =>
      ['zzz', '%20', cursor('2,1'), cursor('1,x'), cursor('1,1,2,3,4'), cursor('1,99999999999999999999'), cursor(Buffer.from([0x31, 0x2c, 0xff]))].map((word) =>
        query(`the cursor ${word} of ${path}`, `${path}?cursor=${word}`, 'invalid_format', 'cursor', /next_cursor/))),
    ...['seq_1x', 'seq_', 'seq_-1', 'seq_0', '1', 'enroll_001', 'seq_99999999999999999999', '%F0%9F%98%80', 'seq_001%00', 'x'.repeat(500)].map((word) =>
      [`the sequence ${word}`, 'GET', `/api/sequences/${word}`, undefined, 404, 'not_found', null, /does not exist|nothing/]),
    ['a person nobody knows', 'GET', '/api/contacts/919999999999', undefined, 404, 'not_found', null, /./],
    ['a person that is no number', 'GET', '/api/contacts/hello', undefined, 404, 'not_found', null, /./],
    ['version 0', 'POST', `/api/sequences/${id}/versions/0/restore`, undefined, 404, 'not_found', null, /./],
  ]);
});

const ROW = (n) => `+9198765${String(43300 + n)},Person ${n}`;

test('files', async (t) => {
  const { server, id } = await setUp(t, ['--import-max-mb', '1']);
  const path = `/api/sequences/${id}/enroll/bulk`;
  const wide = (cells) => Array.from({ length: cells }, (_, n) => (n === 0 ? 'phone' : `c${n}`)).join(',');
  const file = (what, body, status, code, field, words, query = '') => [what, 'POST', path + query, body, status, code, status === 413 ? null : field, words, CSV_TYPE];
  await refuseAll(server, id, [
    file('no column of numbers', 'name,city\nAsha,Pune\nRavi,Delhi\n', 422, 'no_phone_column', 'phone', /phone/),
    file('two columns of numbers', `phone,mobile\n${ROW(1).split(',')[0]},${ROW(2).split(',')[0]}\n`, 422, 'duplicate', 'columns', /two columns/, '?columns=phone,phone'),
    file('more columns named than there are', `phone,name\n${ROW(1)}\n`, 422, 'too_long', 'columns', /2 columns/, '?columns=phone,name,-'),
    file('no column named as number', `phone,name\n${ROW(1)}\n`, 422, 'required', 'columns', /phone/, '?columns=-,name'),
    file('1,025 columns', `${wide(1025)}\n919876543301\n`, 422, 'too_many_columns', 'file', /1,024/),
    file('a quote in the header that never closes', `phone,"name\n${ROW(1)}\n${ROW(2)}\n`, 422, 'unclosed_quote', 'file', /closed/),
    file('a NUL in the header', Buffer.from(`phone,na\0me\n${ROW(1)}\n`), 422, 'not_text', 'file', /text/),
    file('a file of blanks', '\n  \n\n', 422, 'empty_file', 'file', /empty/),
    file('only a header', 'phone,name\n', 422, 'no_rows', 'file', /no rows/),
    file('only a header, in a dry run', 'phone,name\n', 422, 'no_rows', 'file', /no rows/, '?dry_run=true'),
    ['an empty file', 'POST', path, '', 422, 'invalid', null, /body/, CSV_TYPE],
    ['blank lines', 'POST', path, '\n \n', 422, 'no_rows', 'file', /no rows/, { 'content-type': 'text/plain' }],
    file('a file over the limit', `phone,name\n${'919876543301,x\n'.repeat(80_000)}`, 413, 'too_big', null, /larger/),
    file('a column nobody knows', `phone,name\n${ROW(1)}\n`, 422, 'invalid_choice', 'columns', /./, '?columns=phone,nick'),
    file('a delimiter nobody knows', `phone,name\n${ROW(1)}\n`, 422, 'invalid_choice', 'delimiter', /./, '?delimiter=space'),
    file('a country nobody knows', `phone,name\n${ROW(1)}\n`, 422, 'invalid_choice', 'country', /./, '?country=ZZ'),
  ]);
  await refuseAll(server, id, [
    ['10,001 rows of JSON', 'POST', path, { enrollments: Array.from({ length: 10_001 }, (_, n) => ({ phone: `9198${String(10_000_000 + n)}` })) }, 422, 'too_long', 'enrollments', /10000/],
    ['no rows of JSON', 'POST', path, { enrollments: [] }, 422, 'too_short', 'enrollments', /1/],
    ['no list', 'POST', path, {}, 422, 'required', 'enrollments', /./],
    ['an unknown field beside the list', 'POST', path, { enrollments: [{ phone: '919876543301' }], country: 'IN' }, 422, 'unknown_field', 'country', /known field/],
    ['a table in a charset that is not guessed', 'POST', path, `phone,name\n${ROW(1)}\n`, 415, 'unsupported', null, /send it in UTF-8/, { 'content-type': 'text/csv; charset=Shift_JIS' }],
    ['an XLSX file', 'POST', path, Buffer.from('PK\x03\x04'), 415, 'unsupported', null, /./, { 'content-type': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' }],
  ]);
  const rows = Array.from({ length: 10_000 }, (_, n) => ({ phone: `9198${String(10_000_000 + n)}` }));
  const full = await server.api('POST', `${path}?dry_run=true`, { enrollments: rows });
  assert.equal(full.status, 200, full.text.slice(0, 300));
  assert.equal(full.body.total_rows, 10_000, 'ten thousand are not too many');
});

test('a charset that is read may be said, in any spelling', async (t) => {
  const { server, id } = await setUp(t);
  for (const type of ['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'application/json; CHARSET=us-ascii']) {
    const answer = await server.api('POST', '/api/sequences', '{"name":"a"}', { 'content-type': type });
    assert.equal(answer.status, 201, `${type}: ${answer.text}`);
  }
  const table = `phone,name\n${ROW(1)}é\n`;
  for (const [type, body] of [
    ['text/csv; charset=UTF-8', Buffer.from(table)],
    ['text/csv; charset="utf-16le"', Buffer.from(table, 'utf16le')],
    ['text/plain; charset=utf-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${ROW(1)}é\n`, 'utf16le')])],
    ['text/csv; charset=windows-1252', Buffer.from(table, 'latin1')],
  ]) {
    const answer = await server.api('POST', `/api/sequences/${id}/enroll/bulk?dry_run=true`, body, { 'content-type': type });
    assert.equal(answer.body.counts?.enrolled, 1, `${type}: ${answer.text}`);
  }
});

test('one bad row of a file is refused by its line and keeps nobody else out', async (t) => {
  const { server, id } = await setUp(t);
  const path = `/api/sequences/${id}/enroll/bulk?dry_run=true`;
  const bad = async (what, body, row, words, others) => {
    const answer = await server.api('POST', path, body, CSV_TYPE);
    assert.equal(answer.status, 200, `${what}: ${answer.text.slice(0, 300)}`);
    const refused = answer.body.rows.filter((one) => one.verdict === 'invalid_row');
    assert.deepEqual(refused.map((one) => one.row), [row], what);
    assert.match(refused[0].message, words, what);
    assert.equal(answer.body.counts.enrolled, others, what);
    assert.ok(answer.text.length < 5000, `${what}: the cell is not sent back`);
  };
  await bad('a cell of 70 KiB', `phone,name\n${ROW(1).split(',')[0]},${'x'.repeat(70 * 1024)}\n${ROW(2)}\n`, 2, /64 KB/, 1);
  await bad('a NUL', Buffer.from(`phone,name\n${ROW(1)}\n${ROW(2)}\0\n${ROW(3)}\n`), 3, /text/, 2);
  await bad('a quote that never closes', `phone,name\n${ROW(1)}\n${ROW(2).replace(',', ',"')}\n${ROW(3)}\n`, 3, /never closed/, 1);
  await bad('1,025 cells', `phone,name\n${ROW(1)}${','.repeat(1025)}\n${ROW(2)}\n`, 2, /1,024/, 1);
  // A byte that is missing at the end of UTF-16 costs no person, and is told.
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`phone,name\n${ROW(1)}\n${ROW(2)}é`, 'utf16le')]);
  const cut = await server.api('POST', path, utf16.subarray(0, utf16.length - 1), CSV_TYPE);
  assert.equal(cut.body.counts.enrolled, 2, cut.text);
  assert.deepEqual(cut.body.warnings.map((one) => one.code), ['repaired_text']);
  assert.equal(cut.body.file.encoding, 'utf-16le');
  // Blank lines before the header do not hide it.
  const late = await server.api('POST', path, `\n\nphone,name\n${ROW(1)}\n`, CSV_TYPE);
  assert.equal(late.body.counts.enrolled, 1, late.text);
  assert.equal(late.body.file.header, true);
});
