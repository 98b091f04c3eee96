// Compares how the server reads phone numbers with libphonenumber-js: a million generated numbers,
// valid and broken, in international and national spellings of the sixty countries with most
// WhatsApp users, must get the same verdict and the same E.164 digits. Where this project goes
// beyond the library on purpose (a lost plus, former Brazilian, Mexican and Argentine spellings),
// the oracle applies the same rule with the library's own verdicts.
//
//   DRIPLINE_BUILD=build PHONE_ORACLE_COUNT=1000000 PHONE_ORACLE_SEED=1 node --test test/phone_oracle.test.mjs
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = `${ROOT}${process.env.DRIPLINE_BUILD ?? 'build'}/src/domain/phone_check`;
const COUNT = Number(process.env.PHONE_ORACLE_COUNT ?? 1_000_000);
const SEED = Number(process.env.PHONE_ORACLE_SEED ?? 20260101);
const CHUNK = 20_000;
const COUNTRIES = (
  'IN BR ID US RU MX DE TR EG PK IT GB ES ZA FR AR CO NG MY SA PE IQ VE DZ MA NL RO CL KE PL UA EC ' +
  'GT KZ AE PT SD SN CM TH BD PH GH TZ UG CI DO BO HN PY LK NP IL BE CH AT CR UY JO KW'
).split(' ');

if (isMainThread && !existsSync(`${ROOT}tools/node_modules/libphonenumber-js`)) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--prefix', `${ROOT}tools`], { stdio: 'ignore' });
}
const require = createRequire(`${ROOT}tools/package.json`);
const metadata = require('libphonenumber-js/metadata.max.json');
const { parsePhoneNumberFromString } = require('libphonenumber-js/core');

// ---- generator ------------------------------------------------------------------------------
function random_source(seed) {
  let state = seed >>> 0; // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { below, pick: (list) => list[below(list.length)] };
}

/** A random text that a numbering plan's pattern matches. */
function sample(pattern, random) {
  let at = 0;
  const choice = () => {
    const ways = [[]];
    while (at < pattern.length && pattern[at] !== ')') {
      if (pattern[at] === '|') {
        at++;
        ways.push([]);
        continue;
      }
      let atom;
      if (pattern[at] === '(') {
        at = pattern.startsWith('(?:', at) ? at + 3 : at + 1;
        const start = at;
        choice();
        atom = { group: pattern.slice(start, at) };
        at++;
      } else if (pattern[at] === '[') {
        const end = pattern.indexOf(']', at);
        const members = pattern
          .slice(at + 1, end)
          .replace(/(\d)-(\d)/g, (all, from, to) => '0123456789'.slice(Number(from), Number(to) + 1));
        atom = { members };
        at = end + 1;
      } else if (pattern.startsWith('\\d', at)) {
        atom = { members: '0123456789' };
        at += 2;
      } else {
        atom = { members: pattern[at++] };
      }
      let [low, high] = [1, 1];
      const repeat = /^(?:\?|\{(\d+)(?:,(\d+))?\})/.exec(pattern.slice(at));
      if (repeat) {
        at += repeat[0].length;
        [low, high] = repeat[0] === '?' ? [0, 1] : [Number(repeat[1]), Number(repeat[2] ?? repeat[1])];
      }
      ways.at(-1).push({ atom, low, high });
    }
    let text = '';
    for (const { atom, low, high } of random.pick(ways)) {
      for (let i = low + random.below(high - low + 1); i > 0; i--) {
        text += atom.members === undefined ? sample(atom.group, random) : random.pick(atom.members);
      }
    }
    return text;
  };
  return choice();
}

const DIGIT_ROWS = ['０１２３４５６７８９', '٠١٢٣٤٥٦٧٨٩', '۰۱۲۳۴۵۶۷۸۹'].map((row) => [...row]);
const SEPARATORS = [' ', '-', '.', '/', '\u00a0', '\u2011', ' - ', ''];

function with_separators(digits, random) {
  if (random.below(3) === 0) return digits;
  let text = '';
  const separator = random.pick(SEPARATORS);
  for (let i = 0; i < digits.length; i++) {
    if (i > 0 && random.below(4) === 0) text += separator;
    text += digits[i];
  }
  return random.below(4) === 0 && text.length > 3 ? `(${text.slice(0, 3)})${text.slice(3)}` : text;
}

function national_number(country, random) {
  const plan = metadata.countries[country];
  const types = plan[11].filter((type) => type && type[0]);
  const what = random.below(10);
  if (what < 6) return sample((plan[11][random.below(2)] || types[0])[0] || types[0][0], random);
  if (what < 8) return sample(random.pick(types)[0], random);
  if (what < 9) return sample(plan[2], random);
  return String(random.below(10 ** (4 + random.below(8))));
}

const FORMER = {
  AR: (number, random) => (/^9\d{10}$/.test(number) ? random.pick([number.slice(1), number.replace(/^9(11|...)/, '0$115'), number.replace(/^9(11|...)/, '$115')]) : number),
  MX: (number, random) => random.pick(['1', '01', '044', '045', '']) + number,
  BR: (number, random) => (number.length === 11 ? random.pick([number.slice(0, 2) + number.slice(3), `0${number.slice(0, 2)}${number.slice(3)}`, `015${number}`]) : number),
};

function make(random) {
  const country = random.below(8) === 0 ? random.pick(Object.keys(metadata.countries)) : random.pick(COUNTRIES);
  const plan = metadata.countries[country];
  let number = national_number(country, random);
  if (random.below(12) === 0) number = random.below(2) ? number.slice(0, -1) : number + random.below(10);
  if (FORMER[country] && random.below(4) === 0) number = FORMER[country](number, random);
  const other = random.pick(COUNTRIES);
  const home = random.pick([country, country, other, '']);
  switch (random.below(12)) {
    case 0:
    case 1:
      return [home, `+${with_separators(plan[0] + number, random)}`];
    case 2:
      return [home, `00${with_separators(plan[0] + number, random)}`];
    case 3:
      return [country, `${random.pick(['00', '011', '009', '810', '001'])}${plan[0]}${number}`];
    case 4:
      return [home, with_separators(plan[0] + number, random)];
    case 5:
      return [home, `+${plan[0]} (0) ${with_separators(number, random)}`];
    case 6: {
      const row = random.pick(DIGIT_ROWS);
      const text = random.below(2) ? `+${plan[0]}${number}` : number;
      return [country, text.replace(/\d/g, (digit) => row[Number(digit)])];
    }
    case 7:
      return [home, with_separators(number, random)];
    case 8: {
      const read = parsePhoneNumberFromString(`+${plan[0]}${number}`, undefined, metadata);
      return [country, read ? read.formatNational() : number];
    }
    default:
      return [country, (plan[5] || '') + with_separators(number, random)];
  }
}

// ---- oracle ---------------------------------------------------------------------------------
function read_once(text, home) {
  const options = home ? { defaultCountry: home, extract: false } : { extract: false };
  const found = parsePhoneNumberFromString(text, options, metadata);
  return found && { code: found.countryCallingCode, national: found.nationalNumber, valid: found.isValid(), country: found.country ?? '' };
}

function unified(read) {
  if (!read) return null;
  const tries = [];
  const { code, national } = read;
  if (code === '55' && /^\d\d[6-9]\d{7}$/.test(national)) tries.push(`+55${national.slice(0, 2)}9${national.slice(2)}`);
  if (code === '52' && !read.valid) {
    const found = /^(?:1|01|044|045)(\d{10})$/.exec(national);
    if (found) tries.push(`+52${found[1]}`);
  }
  if (code === '54' && /^[0-8]\d{9}$/.test(national)) tries.push(`+549${national}`);
  for (const text of tries) {
    const better = read_once(text, '');
    if (better && better.valid && `+${better.code}${better.national}` === text) return better;
  }
  return read.valid ? read : null;
}

const ASCII = new Map(DIGIT_ROWS.flatMap((row) => row.map((digit, value) => [digit, String(value)])));
function oracle(home, written) {
  const text = written.replace(/^([1-9]\d{7,})\.0{1,2}$/, '$1'); // a number that was a float once
  const first = unified(read_once(text, home));
  if (first) return first;
  const plus = text.startsWith('+');
  const digits = [...text].map((char) => ASCII.get(char) ?? char).join('').replace(/\D/g, '');
  const rest = digits.startsWith('00') && digits.length > 2 ? digits.slice(2) : digits;
  return !plus || rest !== digits ? unified(read_once(`+${rest}`, '')) : null;
}

async function answers(lines) {
  const child = spawn(PROGRAM, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (part) => (output += part));
  child.stdin.end(lines.join('\n') + '\n');
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0);
  return output.trimEnd().split('\n');
}

async function compare(seed, count) {
  const random = random_source(seed);
  const result = { compared: 0, valid: 0, wrong: [], wrong_count: 0 };
  while (result.compared < count) {
    const cases = Array.from({ length: Math.min(CHUNK, count - result.compared) }, () => make(random));
    const got = await answers(cases.map(([home, text]) => `${home}\t${text}`));
    assert.equal(got.length, cases.length);
    cases.forEach(([home, text], index) => {
      const read = oracle(home, text);
      const wanted = read ? `${read.code}${read.national}\t${read.country}` : '-';
      const seen = got[index].startsWith('-') ? '-' : got[index];
      if (read) result.valid++;
      if (seen !== wanted) {
        result.wrong_count++;
        if (result.wrong.length < 20) result.wrong.push({ home, text, wanted, seen: got[index] });
      }
    });
    result.compared += cases.length;
  }
  return result;
}

if (!isMainThread) {
  parentPort.postMessage(await compare(workerData.seed, workerData.count));
} else {
  test('phone numbers are read as the library reads them', { timeout: 600_000 }, async (context) => {
    const workers = 2;
    const results = await Promise.all(
      Array.from({ length: workers }, (unused, index) => new Promise((resolve, reject) => {
        const worker = new Worker(new URL(import.meta.url), {
          workerData: { seed: SEED + index, count: Math.ceil(COUNT / workers) },
        });
        worker.once('message', resolve);
        worker.once('error', reject);
      })),
    );
    const wrong = results.flatMap((result) => result.wrong);
    const compared = results.reduce((sum, result) => sum + result.compared, 0);
    const valid = results.reduce((sum, result) => sum + result.valid, 0);
    context.diagnostic(`${compared} compared, ${valid} valid, seed ${SEED}`);
    assert.deepEqual(wrong, []);
    assert.ok(compared >= COUNT && valid > compared / 3 && valid < compared * 0.95);
  });
}
