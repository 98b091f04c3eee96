// Makes src/domain/phone_table.c: the numbering plans of all countries in a form that C walks.
//
//   npm ci --prefix tools && node tools/phone_table.mjs [--check] [FILE]
//
// Every country's pattern of valid national numbers becomes one start state of a single shared,
// minimal, acyclic automaton over digits. The few patterns that need captures or match a prefix
// only (national prefixes, international call prefixes, leading digits) become small programs for
// the matcher in phone.c. `--check` writes nothing and exits 1 when FILE is not what would be made.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const metadata = require('libphonenumber-js/metadata.max.json');
const zones = require('countries-and-timezones');
const VERSION = require('libphonenumber-js/package.json').version;

const ALL = 0x3ff;
const GENERAL = 1; // the label bit: some number of this shape exists
const TYPED = 2; // some type of number (mobile, fixed …) matches, so the number is valid

// ---- patterns: literals, [ranges], \d, groups, |, ?, {n}, {n,m}, $ --------------------------
function parse_pattern(source) {
  let at = 0;
  let groups = 0;
  const fail = () => {
    throw new Error(`pattern not understood at ${at}: ${source}`);
  };
  const parse_set = () => {
    let mask = 0;
    while (source[at] !== ']') {
      const from = Number(source[at++]);
      let to = from;
      if (source[at] === '-') {
        to = Number(source[at + 1]);
        at += 2;
      }
      if (!(from >= 0 && to <= 9)) fail();
      for (let digit = from; digit <= to; digit++) mask |= 1 << digit;
    }
    at++;
    return { kind: 'set', mask };
  };
  const parse_atom = () => {
    const char = source[at++];
    if (char >= '0' && char <= '9') return { kind: 'set', mask: 1 << Number(char) };
    if (char === '\\' && source[at] === 'd') {
      at++;
      return { kind: 'set', mask: ALL };
    }
    if (char === '[') return parse_set();
    if (char === '$') return { kind: 'end' };
    if (char !== '(') fail();
    const captures = !source.startsWith('?:', at);
    if (!captures) at += 2;
    const group = captures ? ++groups : 0;
    const inner = parse_choice();
    if (source[at++] !== ')') fail();
    return captures ? { kind: 'group', group, inner } : inner;
  };
  const parse_repeat = () => {
    let atom = parse_atom();
    while (at < source.length) {
      let low, high;
      if (source[at] === '?') {
        [low, high] = [0, 1];
        at++;
      } else if (source[at] === '{') {
        const found = /^\{(\d+)(?:,(\d+))?\}/.exec(source.slice(at));
        if (!found) fail();
        low = Number(found[1]);
        high = found[2] === undefined ? low : Number(found[2]);
        at += found[0].length;
      } else break;
      atom = { kind: 'repeat', low, high, inner: atom };
    }
    return atom;
  };
  const parse_sequence = () => {
    const items = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') items.push(parse_repeat());
    return { kind: 'sequence', items };
  };
  function parse_choice() {
    const items = [parse_sequence()];
    while (source[at] === '|') {
      at++;
      items.push(parse_sequence());
    }
    return items.length === 1 ? items[0] : { kind: 'choice', items };
  }
  const tree = parse_choice();
  if (at !== source.length) fail();
  return { tree, groups };
}

// ---- the shared automaton -------------------------------------------------------------------
/** A state of the non-deterministic automaton: {sets: [[mask, next]], empty: [next], label}. */
function build_nfa(node, next) {
  switch (node.kind) {
    case 'set':
      return { sets: [[node.mask, next]], empty: [], label: 0 };
    case 'group':
      return build_nfa(node.inner, next);
    case 'sequence':
      return node.items.reduceRight((after, item) => build_nfa(item, after), next);
    case 'choice':
      return { sets: [], empty: node.items.map((item) => build_nfa(item, next)), label: 0 };
    case 'repeat': {
      let state = next;
      for (let i = node.high; i > 0; i--) {
        const once = build_nfa(node.inner, state);
        state = i > node.low ? { sets: [], empty: [once, next], label: 0 } : once;
      }
      return state;
    }
    default:
      throw new Error(`no automaton for ${node.kind}`);
  }
}

let nfa_count = 0;
const number_of = (state) => (state.id ??= ++nfa_count);

/** Restricts a pattern to whole numbers of the lengths given, as a parallel walk. */
function closure(pairs) {
  const seen = new Map();
  const todo = [...pairs];
  while (todo.length > 0) {
    const [state, lengths] = todo.pop();
    const key = `${number_of(state)}/${lengths}`;
    if (seen.has(key)) continue;
    seen.set(key, [state, lengths]);
    for (const next of state.empty) todo.push([next, lengths]);
  }
  return [...seen.entries()].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

const states = []; // {next: [10 ids], label}; id 0 is the dead state
const by_shape = new Map();
function intern(next, label) {
  const key = `${next.join()}:${label}`;
  let id = by_shape.get(key);
  if (id === undefined) {
    id = states.length;
    states.push({ next, label });
    by_shape.set(key, id);
  }
  return id;
}
const DEAD = intern(Array(10).fill(0), 0);

/** `lengths` is a bit mask: bit n says that n more digits may follow until the end. */
function determinize(pairs, memo) {
  const closed = closure(pairs).filter(([, [, lengths]]) => lengths !== 0);
  if (closed.length === 0) return DEAD;
  const key = closed.map(([name]) => name).join();
  if (memo.has(key)) return memo.get(key);
  let label = 0;
  for (const [, [state, lengths]] of closed) if (lengths & 1) label |= state.label;
  const next = [];
  for (let digit = 0; digit <= 9; digit++) {
    const targets = [];
    for (const [, [state, lengths]] of closed) {
      for (const [mask, target] of state.sets) {
        if (mask & (1 << digit)) targets.push([target, lengths >> 1]);
      }
    }
    next.push(targets.length === 0 ? DEAD : determinize(targets, memo));
  }
  const id = intern(next, label);
  memo.set(key, id);
  return id;
}

const mask_of_lengths = (lengths) => lengths.reduce((mask, length) => mask | (1 << length), 0);
const ANY_LENGTH = 0x3ffff;

function start_state(plan) {
  const general = build_nfa(parse_pattern(plan[2]).tree, { sets: [], empty: [], label: GENERAL });
  const pairs = [[general, ANY_LENGTH]];
  for (const type of plan[11] || []) {
    if (!type || !type[0]) continue;
    const typed = build_nfa(parse_pattern(type[0]).tree, { sets: [], empty: [], label: TYPED });
    pairs.push([typed, mask_of_lengths(type[1] || plan[3])]);
  }
  return determinize(pairs, new Map());
}

// ---- programs for the small matcher ---------------------------------------------------------
// One word per instruction, the operation in the upper four bits.
const OP = { match: 0, set: 1, split: 2, jump: 3, save: 4, end: 5 };
const programs = [0xffff]; // offset 0 means "no program"
const program_at = new Map();

function compile(node, code) {
  const emit = (op, argument) => code.push((op << 12) | argument) - 1;
  switch (node.kind) {
    case 'set':
      emit(OP.set, node.mask);
      break;
    case 'end':
      emit(OP.end, 0);
      break;
    case 'group':
      emit(OP.save, (node.group - 1) * 2);
      compile(node.inner, code);
      emit(OP.save, (node.group - 1) * 2 + 1);
      break;
    case 'sequence':
      for (const item of node.items) compile(item, code);
      break;
    case 'choice': {
      const jumps = [];
      node.items.forEach((item, index) => {
        const last = index === node.items.length - 1;
        const split = last ? -1 : emit(OP.split, 0);
        compile(item, code);
        if (!last) {
          jumps.push(emit(OP.jump, 0));
          code[split] |= code.length; // where to go on when the first way fails
        }
      });
      for (const jump of jumps) code[jump] |= code.length;
      break;
    }
    case 'repeat': {
      const splits = [];
      for (let i = 0; i < node.high; i++) {
        if (i >= node.low) splits.push(emit(OP.split, 0));
        compile(node.inner, code);
      }
      for (const split of splits) code[split] |= code.length;
      break;
    }
    default:
      throw new Error(`no program for ${node.kind}`);
  }
}

function program(source) {
  if (!source) return 0;
  if (!program_at.has(source)) {
    const { tree, groups } = parse_pattern(source);
    if (groups > 2) throw new Error(`too many groups: ${source}`);
    const code = [];
    compile(tree, code);
    code.push(OP.match << 12);
    if (code.length > 4095) throw new Error('program too long');
    program_at.set(source, programs.length);
    programs.push(groups, ...code);
  }
  return program_at.get(source);
}

// ---- countries ------------------------------------------------------------------------------
/** The zone of a country whose zones keep the same time all year; null where they differ. */
function zone_of(country) {
  if (country === 'CN') return 'Asia/Shanghai'; // the second zone there is not in official use
  const found = zones.getCountry(country);
  if (!found) return null;
  const list = found.timezones.map((name) => zones.getTimezone(name)).filter(Boolean);
  const same = list.every(
    (zone) => zone.utcOffset === list[0].utcOffset && zone.dstOffset === list[0].dstOffset,
  );
  return list.length > 0 && same ? list[0].name : null;
}

const text = (value) => (value ? `"${value}"` : 'NULL');
function transform(rule) {
  if (!rule) return null;
  const found = /^(\d*)\$([12])$/.exec(rule);
  if (!found) throw new Error(`transform rule not understood: ${rule}`);
  return { before: found[1], group: Number(found[2]) };
}

function country_row(country, plan, zone) {
  const rule = transform(plan[8]);
  const parsing = plan[7] || plan[5] || '';
  return (
    `{"${country}", ${plan[0]}, ${program(plan[1] ? plan[1] : '')}, ${program(parsing)}, ` +
    `${program(plan[10] || '')}, ${start_state(plan)}, 0x${mask_of_lengths(plan[3]).toString(16)}, ` +
    `${rule ? `"${rule.before}"` : 'NULL'}, ${rule ? rule.group : 0}, ${text(zone)}},`
  );
}

const names = Object.keys(metadata.countries).sort();
const rows = names.map((name) => country_row(name, metadata.countries[name], zone_of(name)));
const index_of = new Map(names.map((name, index) => [name, index]));
const world_codes = Object.keys(metadata.nonGeographic).sort();
for (const code of world_codes) {
  index_of.set(code, rows.length);
  rows.push(country_row('', metadata.nonGeographic[code], null));
}
// For each calling code the countries in the order in which they are tried; the first is the main one.
const members = [];
const codes = ['{0, 0}'];
const code_index = Array(1000).fill(0);
const calling = { ...metadata.country_calling_codes };
for (const code of world_codes) calling[code] = [code];
for (const code of Object.keys(calling).map(Number).sort((a, b) => a - b)) {
  const list = calling[code];
  code_index[code] = codes.length;
  codes.push(`{${members.length}, ${list.length}}`);
  members.push(...list.map((name) => index_of.get(name)));
}
if (states.length > 0xffff || programs.length > 0xffff || codes.length > 255) throw new Error('table too large');

const wrap = (values, per_line) => {
  const lines = [];
  for (let i = 0; i < values.length; i += per_line) lines.push(values.slice(i, i + per_line).join(','));
  return lines.join(',\n');
};
const output = `/* Made by tools/phone_table.mjs from libphonenumber-js ${VERSION}. Do not edit: make it anew. */
/* clang-format off */
#include "domain/phone_internal.h"

/* One row per state: where each digit leads. State 0 is dead. */
const uint16_t PHONE_STATES[${states.length}][10] = {
${states.map((state) => `{${state.next.join()}}`).join(',\n')},
};

/* What a number that ends in the state is: 1 the shape exists, 2 a type of number matches. */
const uint8_t PHONE_LABELS[${states.length}] = {
${wrap(states.map((state) => state.label), 48)},
};

/* Programs of the matcher: the number of groups, then instructions. */
const uint16_t PHONE_PROGRAMS[${programs.length}] = {
${wrap(programs, 20)},
};

const struct phone_country PHONE_COUNTRIES[${rows.length}] = {
${rows.join('\n')}
};
const size_t PHONE_COUNTRY_COUNT = ${names.length};

/* Which entry of PHONE_CODES a calling code has; 0 when there is no such code. */
const uint8_t PHONE_CODE_INDEX[1000] = {
${wrap(code_index, 40)},
};
const struct phone_code PHONE_CODES[${codes.length}] = {
${wrap(codes, 10)},
};

const uint16_t PHONE_MEMBERS[${members.length}] = {
${wrap(members, 24)},
};
`;

const check = process.argv.includes('--check');
const file =
  process.argv.slice(2).find((argument) => !argument.startsWith('--')) ??
  new URL('../src/domain/phone_table.c', import.meta.url).pathname;
if (check) {
  if (readFileSync(file, 'utf8') !== output) {
    console.error(`${file} is not what libphonenumber-js ${VERSION} gives: run node tools/phone_table.mjs`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, output);
}
console.error(`${states.length} states, ${programs.length} words of programs, ${names.length} countries`);
