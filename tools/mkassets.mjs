// Turns a folder of files into an assembler file that embeds them, each as it is, in brotli and in
// gzip, and a C table that names them. The same input gives the same output.
//
//   node tools/mkassets.mjs web/dist OUT_DIRECTORY
// writes OUT/assets.S, OUT/assets_table.c and OUT/assets.d. Without the folder the table is empty.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [source, out] = process.argv.slice(2).map((path) => resolve(path));
const TYPES = {
  html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml',
  json: 'application/json', png: 'image/png', ico: 'image/x-icon', woff2: 'font/woff2', txt: 'text/plain; charset=utf-8', map: 'application/json',
};

function* walk(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* walk(path);
    else yield path;
  }
}

function writeIfChanged(path, content) {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) return;
  writeFileSync(path, content);
}

const files = existsSync(join(source, 'index.html')) ? [...walk(source)] : [];
const packed = join(out, 'assets_packed');
mkdirSync(packed, { recursive: true });

const rows = [];
const parts = [];
const blob = (label, path, size) =>
  `    .balign 16\n${label}:\n    .incbin "${path}"\n    .byte 0\n    .global ${label}\n    .type ${label}, @object\n    .size ${label}, ${size}\n`;

files.forEach((file, index) => {
  const content = readFileSync(file);
  const path = '/' + relative(source, file).split('\\').join('/');
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 20);
  const forms = { raw: { path: file, size: content.length } };
  for (const [form, pack] of [
    ['brotli', () => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } })],
    ['gzip', () => gzipSync(content, { level: 9 })],
  ]) {
    const target = join(packed, `${hash}.${form}`);
    if (!existsSync(target)) writeFileSync(target, pack());
    const { size } = statSync(target);
    if (size < content.length * 0.95) forms[form] = { path: target, size };
  }
  const slots = ['raw', 'brotli', 'gzip'].map((form) => {
    if (!forms[form]) return '{NULL, 0}';
    const label = `asset_${index}_${form}`;
    parts.push(blob(label, forms[form].path, forms[form].size));
    return `{${label}, ${forms[form].size}}`;
  });
  const externs = ['raw', 'brotli', 'gzip'].filter((form) => forms[form]).map((form) => `extern const char asset_${index}_${form}[];`);
  const type = TYPES[path.split('.').pop()] ?? 'application/octet-stream';
  rows.push({
    externs,
    text: `    {"${path}", "${type}", "${hash}", ${/^\/assets\/.*-[0-9A-Za-z]{8}\./.test(path)}, ${slots[0]}, ${slots[1]}, ${slots[2]}},`,
  });
});

writeIfChanged(join(out, 'assets.S'), `    .section .rodata\n${parts.join('')}    .section .note.GNU-stack,"",@progbits\n`);
writeIfChanged(join(out, 'assets_table.c'), `/* Made by tools/mkassets.mjs. */
#include "pages/assets.h"

${rows.flatMap((row) => row.externs).join('\n')}

const struct asset ASSETS[] = {
${rows.map((row) => row.text).join('\n')}
    {0},
};
`);
const inputs = files.length > 0 ? files : [join(source, 'index.html')];
writeFileSync(join(out, 'assets.d'), `${join(out, 'assets.S')}: ${inputs.map((path) => path.replaceAll(' ', '\\ ')).join(' ')}\n`);
