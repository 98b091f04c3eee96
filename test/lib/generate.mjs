// Values made from the schemas of the contract: good ones, and good ones with one thing wrong.
import fc from 'fast-check';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { document } from './contract.mjs';

const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true });
addFormats(ajv);
ajv.addSchema(document, 'openapi');
const compiled = new Map();

export const follow = (node) => {
  while (node?.$ref) node = node.$ref.slice(2).split('/').reduce((at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);
  return node;
};

/** Whether a value is one that the contract takes. */
export function matches(schema, value) {
  if (!compiled.has(schema)) {
    const absolute = JSON.parse(JSON.stringify(schema), (key, part) => (key === '$ref' ? `openapi${part}` : part));
    compiled.set(schema, ajv.compile(absolute));
  }
  return compiled.get(schema)(value);
}

const HOSTILE_TEXTS = [
  '', ' ', '\t', '\u0000', '\u0001', '\u007f', '\u202e', '\u2028', '\ufeff', '\ud83d', '\u00e9', 'e\u0301', '😀'.repeat(300), 'x'.repeat(5000), '%s%n%d%x', '%00', '\\', '"', "'; DROP TABLE sequence;--",
  '../../etc/shadow', '<script>alert(1)</script>', '{{{', '{name|', '{name|{name}}', '{'.repeat(100), 'null', 'NaN', '1e999', '-0', '0x10', '٣', '=1+1', 'a\r\nSet-Cookie: b', 'seq_001', 'step_001',
  'seq_99999999999999999999', '2026-02-30T00:00:00Z', '9999-12-31T23:59:60Z', '-0001-01-01T00:00:00Z', 'Asia/../UTC', 'posixrules', '/etc/localtime', 'constructor', '__proto__',
];
const HOSTILE = [
  null, true, false, 0, -1, 1, -0.5, 1.5, 1e15, 1e308, -1e308, 2 ** 31, 2 ** 53, -(2 ** 63), 5e-324, [], {}, [[]], [null], { a: {} }, { '': '' }, Array(600).fill(0), ...HOSTILE_TEXTS,
];
export const hostile = fc.constantFrom(...HOSTILE);
export const hostileText = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ unit: 'binary', maxLength: 40 }));

const PATTERNS = {
  '^([01][0-9]|2[0-3]):[0-5][0-9]$': fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`),
  '^[A-Z]{2}$': fc.constantFrom('IN', 'BR', 'DE', 'US', 'ZZ'),
  '^[a-z0-9_]{1,512}$': fc.constantFrom('welcome', 'a', 'offer_1', 'x'.repeat(512)),
  '^[0-9]{1,6}(m|h|d|w)$': fc.constantFrom('3d', '90m', '1w', '0m', '999999w'),
  '^[0-9]{1,6}(s|m|h|d|w)$': fc.constantFrom('1s', '2d'),
  '^[^@ ]+@[^@ ]+$': fc.nat({ max: 1e6 }).map((number) => `person${number}@clinic.example`),
  '^v[0-9]{1,3}\\.[0-9]{1,2}$': fc.constantFrom('v23.0', 'v1.1'),
};
const phone = fc.nat({ max: 9999 }).map((number) => `+9198765${String(40000 + number)}`);
const zone = fc.constantFrom('Asia/Kolkata', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'UTC', 'Europe/Berlin');
/** What a field of this name wants beyond what its schema can say. */
const NAMED = {
  phone, timezone: zone, media_url: fc.constantFrom('https://files.example/a.jpg', 'http://files.example/b.pdf'), language: fc.constantFrom('en', 'en_US', 'pt_BR'),
  public_url: fc.constantFrom('https://drip.example', null), base_url: fc.constant('https://graph.example'), sequence_id: fc.constantFrom('seq_001', 'seq_002'), channel_id: fc.constantFrom(null, 'chan_001'),
  step_ids: fc.constantFrom([], ['step_001']), ids: fc.constantFrom(['enroll_001'], ['msg_001'], ['enroll_001', 'enroll_001']), version: fc.constantFrom(1, 2, 99), id: fc.constantFrom(undefined),
};
const instant = fc.integer({ min: 1577836800, max: 2208988800 }).map((seconds) => new Date(seconds * 1000).toISOString());

function text(schema) {
  if (schema.pattern) return PATTERNS[schema.pattern] ?? fc.constant('a');
  if (schema.format === 'date-time') return instant;
  const max = Math.min(schema.maxLength ?? 60, 60);
  const min = Math.min(schema.minLength ?? 0, max);
  return fc.oneof({ weight: 6, arbitrary: fc.string({ unit: 'grapheme', minLength: min, maxLength: max }) }, { weight: 1, arbitrary: fc.constant('x'.repeat(schema.maxLength ?? 60)) });
}

/** An arbitrary of values that the schema takes. */
export function good(schema, name = '') {
  schema = follow(schema);
  if (Object.hasOwn(NAMED, name)) return NAMED[name];
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf ?? schema.oneOf) return fc.oneof(...(schema.anyOf ?? schema.oneOf).map((one) => good(one)));
  const types = [schema.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema)));
}
function ofType(type, schema) {
  switch (type) {
    case 'null': return fc.constant(null);
    case 'boolean': return fc.boolean();
    case 'integer': return fc.integer({ min: schema.minimum ?? -1000, max: Math.min(schema.maximum ?? 100_000, 2 ** 31 - 1) });
    case 'number': return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'string': return text(schema);
    case 'array': return fc.array(good(schema.items), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 4, 4) });
    default: return objects(schema);
  }
}
function objects(schema) {
  const fields = Object.entries(schema.properties ?? {}).filter(([, one]) => !follow(one).readOnly);
  if (fields.length === 0 && schema.additionalProperties && schema.additionalProperties !== true) {
    return fc.dictionary(fc.constantFrom('city', 'doctor', 'Größe', 'a_b'), good(schema.additionalProperties), { maxKeys: 3 });
  }
  const model = Object.fromEntries(fields.map(([name, one]) => [name, good(one, name)]));
  return fc.record(model, { requiredKeys: schema.required ?? [], noNullPrototype: true });
}

/** A good value with one thing wrong somewhere inside. */
export function spoiled(arbitrary) {
  return fc.tuple(arbitrary, fc.nat(), hostile, fc.constantFrom('replace', 'replace', 'add', 'remove'), fc.constantFrom('nmae', 'id', '', 'x'.repeat(300), '__proto__')).map(([value, place, bad, how, name]) => {
    const root = { value: structuredClone(value) };
    const spots = [];
    const walk = (holder, key) => {
      spots.push([holder, key]);
      const inner = holder[key];
      if (inner !== null && typeof inner === 'object') for (const next of Object.keys(inner)) walk(inner, next);
    };
    walk(root, 'value');
    const [holder, key] = spots[place % spots.length];
    if (how === 'add' && holder[key] !== null && typeof holder[key] === 'object' && !Array.isArray(holder[key])) {
      Object.defineProperty(holder[key], name, { value: bad, enumerable: true, configurable: true, writable: true });
    } else if (how === 'remove' && holder !== root && !Array.isArray(holder)) {
      delete holder[key];
    } else {
      holder[key] = bad;
    }
    return root.value;
  });
}
