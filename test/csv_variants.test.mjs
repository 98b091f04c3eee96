// Contact files as people really have them: what spreadsheets of many countries write, each with the
// people that must be found in it, or the reason that must be given.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from './lib/server.mjs';

const utf16 = (text, bigEndian) => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};
const TWO = [['919876543210', 'Asha'], ['919876543211', 'Ravi']];
const table = (separator, end = '\n') => [['Name', 'Phone'], ['Asha', '+919876543210'], ['Ravi', '+919876543211']].map((row) => row.join(separator) + end).join('');

const FILES = {
  'UTF-16 with tabs, as a spreadsheet saves "Unicode text"': utf16(table('\t', '\r\n')),
  'UTF-16, big-endian': utf16(table('\t', '\r\n'), true),
  'UTF-16 without byte order mark': Buffer.from(table('\t', '\r\n'), 'utf16le'),
  'a first line that names the separator': `sep=;\r\n${table(';', '\r\n')}`,
  'the same behind a byte order mark': `\ufeffsep=;\n${table(';')}`,
  'the same with a comma, in quotes': `"sep=,"\n${table(',')}`,
  'a separator line in UTF-16': utf16(`sep=\t\r\n${table('\t', '\r\n')}`),
  'lines that end with CR alone': table(',', '\r'),
  'separators at the ends of the lines': table(',', ',\n'),
  'more separators than the header has': 'Name,Phone\nAsha,+919876543210,,\nRavi,+919876543211,\n',
  'blank lines and lines of separators': `\n\n${table(',').replace('Ravi', '\n,,\n   \nRavi')}\n\n\n`,
  'bars': table('|'),
  'no line break at the end': table(',').trimEnd(),
};

const HEADERS = [
  ['Nombre', 'Teléfono'], ['Nombre completo', 'Número de celular'], ['Nome', 'Telefone'], ['Nome', 'Celular'], ['नाम', 'फ़ोन नंबर'],
  ['नाम', 'मोबाइल नंबर'], ['الاسم', 'رقم الهاتف'], ['الاسم', 'الجوال'], ['Name', 'Handynummer'], ['Vorname', 'Telefonnummer'],
  ['Nom', 'Numéro de téléphone'], ['Prénom', 'Portable'], ['Nama', 'Nomor HP'], ['Имя', 'Телефон'], ['姓名', '手机号'], ['Ad', 'Telefon'],
  ['Nome', 'Cellulare'], ['Full Name', 'WhatsApp Number'], ['First Name', 'Mobile #'], ['Customer Name', 'Phone No.'], ['NAME', 'msisdn'],
];

/** Cell → the number read from it, or the words its refusal must hold. Default country: India. */
const PHONES = [
  ['tel:+91-98765-43210', 919876543210], ['https://wa.me/919876543210', 919876543210], ['wa.me/919876543210?text=hi', 919876543210],
  ['https://api.whatsapp.com/send?phone=919876543210&text=hi', 919876543210], ['whatsapp:+919876543210', 919876543210],
  ['919876543210@s.whatsapp.net', 919876543210], ["'+919876543210", 919876543210], ['="919876543210"', 919876543210],
  ['\u00a0+91\u00a098765\u00a043210\u00a0', 919876543210], ['+91\u202f98765\u202f43210', 919876543210], ['\u200f+919876543210\u200e', 919876543210],
  ['\u202a+919876543210\u202c', 919876543210], ['+9198765\u200b43210', 919876543210], ['＋９１９８７６５４３２１０', 919876543210],
  ['+९१९८७६५४३२१०', 919876543210], ['+٩١٩٨٧٦٥٤٣٢١٠', 919876543210], ['+۹۱۹۸۷۶۵۴۳۲۱۰', 919876543210], ['+91.98765.43210', 919876543210],
  ['(+91) 98765-43210', 919876543210], ['0091 9876543210', 919876543210], ['+91 (0)9876543210', 919876543210], ['+91\u201198765–43210', 919876543210],
  ['98765 43210', 919876543210], ['09876543210', 919876543210], ['919876543210.0', 919876543210], ['9.19876543210E+11', 919876543210],
  ['9.19877E+11', /spreadsheet rounded/], ['9,19877E+11', /spreadsheet rounded/], ['9.1987654321E+11', /spreadsheet rounded/],
  ['+919876543210 / +919876543211', /several numbers/], ['+919876543210, +919876543211', /several numbers/], ['+919876543210;+919876543211', /several numbers/],
  ['+919876543210 or +919876543211', /several numbers/], ['9876543210 / 9876543211', /two numbers|several numbers/],
  ['+1 212 555 0123 ext. 45', /extension/], ['+12125550123x45', /extension/], ['+1 212 555 0123 #45', /extension/],
  ['+1-800-FLOWERS', /letters/], ['N/A', /no phone number/], ['-', /no phone number/], ['', /no phone number/], ['12345', /missing/], ['5551234567x', /letters/],
];

const cell = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

test('files of all kinds hold the same two people', async (t) => {
  const server = await startServer(t);
  const made = await server.api('POST', '/api/sequences', { name: 'Variants', messages: [{ day: 1, message: 'Hi {name}' }] });
  const judge = async (body) => {
    const answer = await server.api('POST', `/api/sequences/${made.body.id}/enroll/bulk?dry_run=true&country=IN`, body, { 'content-type': 'text/csv' });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.rows;
  };
  const people = (rows) => rows.map((row) => [row.phone, row.name]);

  for (const [what, bytes] of Object.entries(FILES)) assert.deepEqual(people(await judge(bytes)), TWO, what);
  for (const [name, phone] of HEADERS) {
    assert.deepEqual(people(await judge(`${name},${phone},x\nAsha,+919876543210,1\nRavi,+919876543211,2\n`)), TWO, `${name}, ${phone}`);
  }
  const quoted = await judge('Name,Phone\nAsha "Ash" Rao,+919876543210\nRavi 6"2,+919876543211\n"Line\nBreak, ""quoted""",+919876543212\n');
  assert.deepEqual(quoted.map((row) => row.name), ['Asha "Ash" Rao', 'Ravi 6"2', 'Line\nBreak, "quoted"']);

  const rows = await judge(`name,phone\n${PHONES.map(([phone], i) => `P${i},${cell(phone)}`).join('\n')}\n`);
  assert.equal(rows.length, PHONES.length);
  PHONES.forEach(([phone, wanted], i) => {
    const row = rows[i];
    if (typeof wanted === 'number') {
      assert.equal(row.phone ?? row.message, String(wanted), phone);
    } else {
      assert.equal(row.verdict, 'invalid_phone', `${phone} became ${row.phone}`);
      assert.match(row.message, wanted, phone);
    }
  });
});

test('refused rows of every encoding come back with all their cells', async (t) => {
  const server = await startServer(t);
  const made = await server.api('POST', '/api/sequences', { name: 'Variants', messages: [{ day: 1, message: 'Hi {name}' }] });
  const text = 'Name\tPhone\r\nZoë\tnone\r\nRavi\t+919876543211\r\nMia\t12\r\n';
  for (const bytes of [Buffer.from(text), utf16(text), utf16(text, true), Buffer.from(text, 'utf16le'), Buffer.from(text, 'latin1')]) {
    const answer = await server.api('POST', `/api/sequences/${made.body.id}/enroll/bulk`, bytes, { 'content-type': 'text/csv' });
    const file = (await server.api('GET', `/api/batches/${answer.body.batch_id}/rows.csv`)).text;
    assert.deepEqual(file.split('\r\n').map((line) => line.split(',').slice(0, 3)).filter(([name]) => ['Zoë', 'Mia'].includes(name)),
      [['Zoë', 'none', '2'], ['Mia', '12', '4']], file);
  }
});
