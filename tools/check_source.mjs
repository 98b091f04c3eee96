// Checks what no compiler checks: which folder may include which, where third-party headers may
// appear, banned functions, sizes of files and functions, and that headers compile alone.
//
//   node tools/check_source.mjs            prints each finding as file:line and exits 1 if any
//
// The rules stand in ARCHITECTURE.md; this file is their executable form.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = new URL('..', import.meta.url).pathname;

const MAY_USE = {
  base: [],
  domain: ['base'],
  net: ['base'],
  store: ['base', 'domain'],
  provider: ['base', 'net', 'domain'],
  delivery: ['base', 'net', 'domain', 'store', 'provider'],
  service: ['base', 'net', 'domain', 'store', 'provider', 'delivery'],
  api: ['base', 'net', 'domain', 'service', 'pages'],
  pages: ['base', 'net', 'domain', 'service'],
  simulator: ['base', 'net'],
};
const EVERYONE = ['store/work.h']; // passed through by the edges
const THIRD_PARTY = {
  'sqlite3.h': ['store'],
  'libpq-fe.h': ['store'],
  'curl/curl.h': ['net'],
  'microhttpd.h': ['net'],
  'zlib.h': ['net'],
  'jansson.h': ['base'],
  'sodium.h': ['base'],
  'nettle/hmac.h': ['base'],
};
const BANNED = /\b(strcpy|strcat|sprintf|vsprintf|strncpy|strtok|strtok_r|atoi|atol|strtol|strtoul|strtoll|strtoull|gmtime|localtime|gmtime_r|localtime_r|alloca|gets|system|popen|malloc|calloc|realloc|free|strdup|time|gettimeofday|sleep|usleep|MHD_quiesce_daemon)\s*\(/;
const ALLOWED = {
  'src/base/mem.c': /\b(malloc|calloc|realloc|free)\s*\(/,
  'src/base/clock.c': /\btime\s*\(/,
};
const LINES_OF_A_FILE = 500;
const LINES_OF_A_FUNCTION = 60;

const findings = [];
const report = (file, line, words) => findings.push(`${relative(ROOT, file)}:${line}: ${words}`);

function* walk(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      yield* walk(path);
    } else if (/\.[ch]$/.test(name)) {
      yield path;
    }
  }
}

/** Replaces comments and string contents by spaces so that words inside them do not count. */
function code_only(text) {
  return text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (part) =>
    part.replace(/[^\n]/g, ' '),
  );
}

function check_includes(file, lines, folder, is_test) {
  lines.forEach((line, index) => {
    const found = /^\s*#include\s+(["<])([^">]+)[">]/.exec(line);
    if (!found) return;
    const [, quote, path] = found;
    if (quote === '"') {
      const target = path.split('/')[0];
      const allowed =
        !(folder in MAY_USE) || target === folder || MAY_USE[folder].includes(target) ||
        EVERYONE.includes(path) || !path.includes('/');
      if (!allowed && !is_test) report(file, index + 1, `${folder}/ may not include ${path}`);
      if (/_internal\.h$/.test(path) && target !== folder) {
        report(file, index + 1, `${path} is private to ${target}/`);
      }
    } else if (path in THIRD_PARTY && !THIRD_PARTY[path].includes(folder)) {
      report(file, index + 1, `<${path}> belongs into ${THIRD_PARTY[path].join(', ')}/ only`);
    }
  });
}

function check_banned(file, lines) {
  const name = relative(ROOT, file);
  lines.forEach((line, index) => {
    const found = BANNED.exec(line);
    if (found && !(ALLOWED[name] && ALLOWED[name].test(line)) && !/[.>]\s*$/.test(line.slice(0, found.index))) {
      const instead = found[1].startsWith('MHD_') ? 'http_server_quiesce() says why' : 'use the wrapper in base/';
      report(file, index + 1, `${found[1]}() is banned: ${instead}`);
    }
  });
}

/** A function body starts with a brace in the first column and ends with one. */
function check_sizes(file, lines) {
  if (lines.length > LINES_OF_A_FILE + 1) {
    report(file, lines.length, `${lines.length} lines: split the file along what it does`);
  }
  let start = 0;
  lines.forEach((line, index) => {
    if (line === '{') start = index + 1;
    if (line === '}' && start > 0) {
      const length = index - start;
      if (length > LINES_OF_A_FUNCTION) report(file, start, `function of ${length} lines`);
      start = 0;
    }
  });
}

for (const file of walk(join(ROOT, 'src'))) {
  const text = readFileSync(file, 'utf8');
  const name = relative(ROOT, file);
  const folder = name.split('/')[1];
  if (/_(table|generated|gen)\.[ch]$/.test(name)) continue; // made by a tool
  const is_test = /_test\.c$|(^|[_/])testing\.[ch]$/.test(name);
  const lines = text.split('\n');
  check_includes(file, lines, folder, is_test);
  if (!is_test) {
    check_banned(file, code_only(text).split('\n'));
    check_sizes(file, lines);
  }
  if (file.endsWith('.h') && !text.includes('#pragma once')) report(file, 1, 'no #pragma once');
  if (/\b(TODO|FIXME|XXX|HACK)\b/.test(text)) report(file, 1, 'unfinished: finish it or say so in the docs');
}

for (const finding of findings) console.log(finding);
console.log(findings.length === 0 ? 'source check: clean' : `source check: ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
