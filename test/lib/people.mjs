// Makes messy contact files whose right answers are known from the making, never from Dripline.
//
// Every row carries the verdict that enrolling it must give, and for the people that get enrolled
// the phone, the name to be greeted by, the zone whose clock counts, and where they start.
import { Random } from './random.mjs';

/** Countries with numbers that are valid by construction; `zone` is what the phone alone tells. */
const COUNTRIES = [
  { code: '91', zone: 'Asia/Kolkata', make: (r) => '98' + r.digits(8), local: (n) => '0' + n, iso: 'IN' },
  { code: '34', zone: null, make: (r) => '6' + (1 + r.below(8)) + r.digits(7), local: (n) => n, iso: 'ES' },
  { code: '27', zone: 'Africa/Johannesburg', make: (r) => '82' + r.digits(7), local: (n) => '0' + n, iso: 'ZA' },
  { code: '61', zone: null, make: (r) => '41' + (2 + r.below(7)) + r.digits(6), local: (n) => '0' + n, iso: 'AU' },
  { code: '977', zone: 'Asia/Kathmandu', make: (r) => '984' + r.digits(7), local: (n) => n, iso: 'NP' },
  { code: '1', zone: null, make: (r) => '212' + (2 + r.below(3)) + (2 + r.below(7)) + r.digits(5), local: (n) => n, iso: 'US' },
];
export const ZONES = ['Asia/Kolkata', 'Europe/Madrid', 'Africa/Johannesburg', 'Australia/Sydney', 'Asia/Kathmandu', 'America/New_York'];

const NAMES = [
  'Priya', 'José', 'Zoë', 'अनिता', 'محمد', 'O\'Brien', 'Ana María', '李雷', 'Łukasz', 'Thandi',
  'Sam "Sunny" Lee', 'Line\nBreak', 'Comma, Person', '<img src=x onerror=alert(1)>', '{city}', '=cmd|calc', '🙂 Joy', 'Нина',
];
const CITIES = ['Pune', 'Madrid', 'Durban', 'Perth', 'Kathmandu', 'New York', ''];

/** Different ways people write one number; each is the same person. */
const SPELLINGS = [
  (c, n) => `+${c}${n}`,
  (c, n) => `${c}${n}`,
  (c, n) => `00${c}${n}`,
  (c, n) => `+${c} ${n.slice(0, 3)} ${n.slice(3)}`,
  (c, n) => `+${c}-${n.slice(0, 4)}-${n.slice(4)}`,
  (c, n) => `(+${c}) ${n}`,
  (c, n) => `\u00a0+${c}${n} `,
  (c, n) => `+${c}.${n.slice(0, 2)}.${n.slice(2)}`,
];
const NOT_PHONES = ['', 'n/a', '12345', '9.19877E+11', '+999123456789', 'call me', '+1 800', '00000000000', '+91 12'];

/**
 * Rows of a messy file.
 *   seed, count     the same seed gives the same rows
 *   opted_out       share in percent of people who opted out before (their phones come back in `optOuts`)
 *   returns {rows, people, optOuts, alreadyActive}: rows[i] = {line-less cells, verdict};
 *           people = Map(phone → expectation) of those who must be enrolled
 */
export function makePeople({ seed, count, firstPhoneDigit = '' }) {
  const random = new Random(seed);
  const people = new Map();
  const optOuts = new Set();
  const alreadyActive = new Set();
  const used = new Set();
  const rows = [];
  const fresh = () => {
    for (;;) {
      const country = random.pick(COUNTRIES);
      const national = country.make(random);
      const phone = country.code + national;
      if (!used.has(phone)) {
        used.add(phone);
        return { country, national, phone };
      }
    }
  };
  const cellsFor = ({ country, national }, spelling) => {
    const name = random.chance(12) ? '' : random.pick(NAMES);
    const zone = country.zone && random.chance(50) ? '' : random.pick(ZONES);
    const city = random.pick(CITIES);
    const phone = spelling ?? random.pick(SPELLINGS)(country.code, national);
    return { phone, name, zone, city, start: '' };
  };
  const enrolled = [];
  while (rows.length < count) {
    const dice = random.below(1000);
    if (dice < 40) {
      rows.push({ cells: { phone: random.pick(NOT_PHONES), name: random.pick(NAMES), zone: '', city: '', start: '' }, verdict: 'invalid_phone' });
    } else if (dice < 70 && enrolled.length > 0) {
      const person = random.pick(enrolled);
      rows.push({ cells: cellsFor(person), verdict: 'duplicate_in_file', phone: person.phone });
    } else if (dice < 90) {
      const person = fresh();
      optOuts.add(person.phone);
      rows.push({ cells: cellsFor(person), verdict: 'opted_out', phone: person.phone });
    } else if (dice < 110) {
      const person = fresh();
      alreadyActive.add(person.phone);
      rows.push({ cells: cellsFor(person), verdict: 'already_active', phone: person.phone });
    } else if (dice < 120) {
      const person = fresh();
      const cells = cellsFor(person);
      cells.start = random.pick(['zero', '-3', '1.5', '99999']);
      rows.push({ cells, verdict: 'invalid_row', phone: person.phone });
      used.delete(person.phone);
    } else {
      const person = fresh();
      const local = person.country.iso === 'IN' && random.chance(20) ? person.country.local(person.national) : undefined;
      const cells = cellsFor(person, local);
      if (random.chance(3)) cells.zone = 'Mars/Olympus'; // a counted warning, the next fallback serves
      if (random.chance(4)) cells.start = '3';           // Day 1 was sent elsewhere
      const unknown = cells.zone === 'Mars/Olympus';
      people.set(person.phone, {
        phone: person.phone,
        name: cells.name.trim(),
        city: cells.city.trim(),
        zone: cells.zone !== '' && !unknown ? cells.zone : person.country.zone, // null: the sequence's
        currentDay: cells.start === '' ? 0 : Number(cells.start),
      });
      enrolled.push(person);
      rows.push({ cells, verdict: 'enrolled', phone: person.phone });
    }
  }
  return { rows, people, optOuts, alreadyActive };
}

const quote = (cell, delimiter) =>
  cell.includes('"') || cell.includes('\n') || cell.includes('\r') || cell.includes(delimiter) || /^\s|\s$/.test(cell)
    ? `"${cell.replaceAll('"', '""')}"`
    : cell;

/** Writes rows the way spreadsheets do: header words, delimiter, BOM, line ends and encoding as asked. */
export function toCsv(rows, { delimiter = ',', eol = '\r\n', bom = true, encoding = 'utf8', header = ['Mobile Number', 'Full Name', 'Time Zone', 'City', 'current_day'] } = {}) {
  const lines = [header.map((cell) => quote(cell, delimiter)).join(delimiter)];
  for (const { cells } of rows) {
    lines.push([cells.phone, cells.name, cells.zone, cells.city, cells.start].map((cell) => quote(cell, delimiter)).join(delimiter));
  }
  const text = (bom ? '\ufeff' : '') + lines.join(eol) + eol;
  return Buffer.from(text, encoding);
}
