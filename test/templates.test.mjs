// Templates from the sequence's JSON to the bytes that WhatsApp gets: each kind of header, named and
// positional places, each kind of button; once against a recorder, once against a fake that refuses
// what does not fit the approved template.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { makeChannel, startPair } from './lib/drip.mjs';
import { atEnd, until } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const FIELDS = { city: 'Recife', code: 'SAVE10', lat: '-8.05', file: 'a b' };

/** What a step says, and the components that must leave for Ann with the fields above. */
const CASES = {
  text_header: {
    template: { language: 'pt-BR', header: 'Oi {name}', body: ['{city}', 'line\none  {name}'] },
    approved: [{ type: 'HEADER', format: 'TEXT', text: 'Say {{1}}!' }, { type: 'BODY', text: '{{1}}: {{2}}.' }],
    components: [
      { type: 'header', parameters: [{ type: 'text', text: 'Oi Ann' }] },
      { type: 'body', parameters: [{ type: 'text', text: 'Recife' }, { type: 'text', text: 'line one Ann' }] },
    ],
  },
  named_header: {
    template: { header: { type: 'text', name: 'sale', text: '{city}' }, body: ['first_name={name}', 'where={city}'] },
    named: true,
    approved: [{ type: 'HEADER', format: 'TEXT', text: 'Our {{sale}}' }, { type: 'BODY', text: 'Hi {{first_name}} in {{where}}.' }],
    components: [
      { type: 'header', parameters: [{ type: 'text', parameter_name: 'sale', text: 'Recife' }] },
      { type: 'body', parameters: [{ type: 'text', parameter_name: 'first_name', text: 'Ann' }, { type: 'text', parameter_name: 'where', text: 'Recife' }] },
    ],
  },
  image_header: {
    template: { header: 'https://media.example.org/{city}.png', body: [] },
    approved: [{ type: 'HEADER', format: 'IMAGE' }, { type: 'BODY', text: 'Look.' }],
    components: [{ type: 'header', parameters: [{ type: 'image', image: { link: 'https://media.example.org/Recife.png' } }] }],
  },
  video_header: {
    template: { header: { type: 'video', url: 'https://media.example.org/film' } },
    approved: [{ type: 'HEADER', format: 'VIDEO' }, { type: 'BODY', text: 'Look.' }],
    components: [{ type: 'header', parameters: [{ type: 'video', video: { link: 'https://media.example.org/film' } }] }],
  },
  document_header: {
    template: { header: { type: 'document', url: 'https://media.example.org/{file}.pdf', filename: 'For {name}.pdf' } },
    approved: [{ type: 'HEADER', format: 'DOCUMENT' }, { type: 'BODY', text: 'Read.' }],
    components: [{ type: 'header', parameters: [{ type: 'document', document: { link: 'https://media.example.org/a%20b.pdf', filename: 'For Ann.pdf' } }] }],
  },
  location_header: {
    template: { header: { type: 'location', latitude: '{lat}', longitude: -34.9, name: 'Clinic of {city}', address: 'Rua 1' } },
    approved: [{ type: 'HEADER', format: 'LOCATION' }, { type: 'BODY', text: 'Come.' }],
    components: [{ type: 'header', parameters: [{ type: 'location', location: { latitude: '-8.05', longitude: '-34.9', name: 'Clinic of Recife', address: 'Rua 1' } }] }],
  },
  buttons: {
    template: { buttons: [{ type: 'url', text: 'c/{file}' }, { type: 'quick_reply', text: 'STOP_{code}' }, { type: 'copy_code', index: 3, text: '{code}' }] },
    approved: [
      { type: 'BODY', text: 'Choose.' },
      { type: 'BUTTONS', buttons: [{ type: 'URL', text: 'Go', url: 'https://shop.example.org/{{1}}' }, { type: 'QUICK_REPLY', text: 'Stop' }, { type: 'PHONE_NUMBER', text: 'Call', phone_number: '+15551234567' }, { type: 'COPY_CODE', text: 'Copy' }] },
    ],
    components: [
      { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'c/a%20b' }] },
      { type: 'button', sub_type: 'quick_reply', index: '1', parameters: [{ type: 'payload', payload: 'STOP_SAVE10' }] },
      { type: 'button', sub_type: 'copy_code', index: '3', parameters: [{ type: 'coupon_code', coupon_code: 'SAVE10' }] },
    ],
  },
  plain: { template: {}, approved: [{ type: 'BODY', text: 'Nothing to fill.' }], components: undefined },
};

const step = (name) => ({ day: 1, type: 'template', template: { name, language: 'en', ...CASES[name].template } });

async function makeSequence(server, name, messages, channel, query = '') {
  return server.api('POST', `/api/sequences${query}`, { name, status: 'active', channel_id: channel.id, messages });
}

async function enroll(server, sequence, phone, fields = FIELDS) {
  const answer = await server.api('POST', `/api/sequences/${sequence}/enroll`, { phone, name: 'Ann', custom_fields: fields });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.enrollment.id;
}

async function ended(server, enrollment) {
  return until(async () => {
    const list = (await server.api('GET', `/api/queue?enrollment_id=${enrollment}`)).body.data;
    return list.length > 0 && !['pending', 'sending'].includes(list[0].status) && list[0];
  }, 'the message ends');
}

/** A server that writes down what is posted to it and accepts everything. */
async function startRecorder(t) {
  const bodies = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += part)).on('end', () => {
      if (request.method === 'POST') bodies.push(JSON.parse(text));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ messaging_product: 'whatsapp', contacts: [], messages: [{ id: `wamid.${bodies.length}` }] }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => { server.close(); server.closeAllConnections?.(); });
  return { bodies, base: `http://127.0.0.1:${server.address().port}` };
}

test('every part of a template leaves in the form that the Cloud API wants', async (t) => {
  const recorder = await startRecorder(t);
  const server = await startServer(t);
  const channel = await makeChannel(server, { base: recorder.base, appSecret: 'secret' });
  let number = 0;
  for (const [name, { components, template }] of Object.entries(CASES)) {
    const made = await makeSequence(server, name, [step(name)], channel, '?force=true');
    assert.equal(made.status, 201, made.text);
    const read = (await server.api('GET', `/api/sequences/${made.body.id}`)).body;
    const again = await server.api('PUT', `/api/sequences/${made.body.id}?force=true`, { messages: read.messages });
    assert.deepEqual(again.body.messages, read.messages, 'what is read can be saved again');
    const phone = `49151234567${String(number++).padStart(2, '0')}`;
    const message = await ended(server, await enroll(server, made.body.id, phone));
    assert.equal(message.status, 'sent', `${name}: ${JSON.stringify(message.error)}`);
    const sent = recorder.bodies.find((body) => body.to === `+${phone}`);
    assert.deepEqual(sent.template.components, components, name);
    assert.equal(sent.template.name, name);
    assert.deepEqual(sent.template.language, { code: (template.language ?? 'en').replace('-', '_') });
  }
  assert.equal(recorder.bodies.length, Object.keys(CASES).length);
});

test('a fake that knows the approved templates takes them all, and the lint finds what it would refuse', async (t) => {
  const { server, simulator, channel } = await startPair(t, { clock: 'system', faults: { templates: 'strict', webhook_delay_ms: 5 } });
  for (const [name, { approved, named, template }] of Object.entries(CASES)) {
    const put = await fetch(`${simulator.base}/control/templates`, {
      method: 'POST',
      body: JSON.stringify({ name, language: (template.language ?? 'en').replace('-', '_'), category: 'UTILITY', parameter_format: named ? 'NAMED' : 'POSITIONAL', components: approved }),
    });
    assert.equal(put.status, 200, await put.text());
  }
  const known = await server.api('GET', `/api/channels/${channel.id}/templates?refresh=true`);
  for (const name of Object.keys(CASES)) assert.ok(known.body.data.some((template) => template.name === name), name);
  let number = 0;
  for (const name of Object.keys(CASES)) {
    const made = await makeSequence(server, name, [step(name)], channel);
    assert.equal(made.status, 201, `${name}: ${made.text}`);
    const message = await ended(server, await enroll(server, made.body.id, `49151234568${String(number++).padStart(2, '0')}`));
    assert.ok(['sent', 'delivered', 'read'].includes(message.status), `${name}: ${JSON.stringify(message.error)}`);
  }
  const wrong = {
    'messages[0].template.header': [{ ...step('named_header').template, header: 'Oi' }, { ...step('location_header').template, header: null }, { ...step('video_header').template, header: 'https://x.example.org/a.png' }],
    'messages[0].template.buttons': [{ ...step('buttons').template, buttons: [] }],
    'messages[0].template.body': [{ ...step('named_header').template, body: ['{name}', '{city}'] }],
  };
  for (const [field, templates] of Object.entries(wrong)) {
    for (const template of templates) {
      const refused = await makeSequence(server, 'Wrong', [{ day: 1, type: 'template', template }], channel);
      assert.equal(refused.status, 422, JSON.stringify(template));
      assert.ok(refused.body.errors.some((error) => error.field === field), refused.text);
      // Forced all the same, the fake refuses it too: the lint says what would happen.
      const forced = await makeSequence(server, 'Wrong', [{ day: 1, type: 'template', template }], channel, '?force=true');
      assert.equal(forced.status, 201, forced.text);
      const message = await ended(server, await enroll(server, forced.body.id, `49151234569${String(number++).padStart(2, '0')}`));
      assert.equal(message.status, 'failed', JSON.stringify(template));
    }
  }
});

test('wrong places, and values that a person makes too long, are named', async (t) => {
  const server = await startServer(t);
  const save = (header, more = {}) =>
    server.api('POST', '/api/sequences', { name: 'Places', messages: [{ day: 1, template: { name: 'a', language: 'en', header, ...more } }] });
  const place = { type: 'location', latitude: 48.1, longitude: 11.5 };
  for (const [header, field, code] of [
    [{ ...place, latitude: 91 }, 'latitude', 'invalid_format'],
    [{ ...place, longitude: 'east' }, 'longitude', 'invalid_format'],
    [{ type: 'location', longitude: 1 }, 'latitude', 'required'],
    [{ ...place, url: 'https://example.org/a.png' }, 'url', 'unknown_field'],
    [{ type: 'text', name: 'Not good', text: 'x' }, 'name', 'invalid_format'],
    [{ type: 'picture' }, 'type', 'invalid_choice'],
  ]) {
    const refused = await save(header);
    assert.equal(refused.status, 422, JSON.stringify(header));
    assert.deepEqual(refused.body.errors.map((error) => [error.field, error.code]), [[`messages[0].template.header.${field}`, code]]);
  }
  const good = await save(place);
  assert.equal(good.status, 201, good.text);
  assert.deepEqual(good.body.messages[0].template.header, { type: 'location', latitude: '48.1', longitude: '11.5', name: null, address: null });
  const preview = await server.api('POST', `/api/sequences/${good.body.id}/preview`, { contact: { phone: '4915123456701', name: 'Ann' } });
  assert.equal(preview.status, 200, preview.text);
  assert.equal(preview.body.messages[0].template.header, '48.1, 11.5');

  const code = await server.api('POST', '/api/sequences?force=true', {
    name: 'Codes', status: 'active', messages: [{ day: 1, template: { name: 'a', language: 'en', buttons: [{ type: 'copy_code', text: '{code}' }] } }],
  });
  assert.equal(code.status, 201, code.text);
  const message = await ended(server, await enroll(server, code.body.id, '4915123456799', { code: 'SIXTEEN-LETTERS!' }));
  assert.equal(message.status, 'failed');
  assert.match(JSON.stringify(message.error), /long/);
});
