// Makes src/service/common_password_table.c: the passwords that nobody may take, each as the first
// 64 bits of its SHA-256, sorted. Their hashes are all that is needed to refuse them, and a list of
// stolen passwords is nothing to read.
//
//   npm ci --prefix tools && node tools/password_list.mjs [--check] [FILE]
//
// The most common ones of any length serve as words too: "dragon2024!!" is "dragon" with decoration.
// `--check` writes nothing and exits 1 when FILE is not what would be made.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const MOST_COMMON = 4000;
const LENGTH_ALLOWED = 12; // shorter ones are refused for their length anyway
const A_ROW = 9;

const require = createRequire(import.meta.url);
const source = require.resolve('@zxcvbn-ts/language-common').replace(/dist\/.*/, '');
const { version } = JSON.parse(readFileSync(`${source}package.json`, 'utf8'));
const list = JSON.parse(readFileSync(`${source}src/passwords.json`, 'utf8')); // most often seen first
const plain = (word) => /^[\x21-\x7e]+$/.test(word) && word === word.toLowerCase();
const words = new Set(list.filter((word, index) => plain(word) && (index < MOST_COMMON || word.length >= LENGTH_ALLOWED)));
const hashes = [...words].map((word) => `0x${createHash('sha256').update(word).digest('hex').slice(0, 16)}`).sort();
const rows = Array.from({ length: Math.ceil(hashes.length / A_ROW) }, (_, row) => `${hashes.slice(row * A_ROW, (row + 1) * A_ROW).join(',')},`);
const text = `/* Made by tools/password_list.mjs from @zxcvbn-ts/language-common ${version}. Do not edit: make it anew.
 *
 * Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.; Copyright (c) 2021 @zxcvbn-ts. MIT licence:
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
 * associated documentation files (the "Software"), to deal in the Software without restriction,
 * including without limitation the rights to use, copy, modify, merge, publish, distribute,
 * sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions: The above copyright notice and this
 * permission notice shall be included in all copies or substantial portions of the Software.
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
 * NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
 * NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
 * DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
 * OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE. */
/* clang-format off */
#include "service/access_internal.h"

const uint64_t COMMON_PASSWORDS[${hashes.length}] = {
${rows.join('\n')}
};
const size_t COMMON_PASSWORD_COUNT = ${hashes.length};
`;

const check = process.argv[2] === '--check';
const file = process.argv[check ? 3 : 2] ?? new URL('../src/service/common_password_table.c', import.meta.url);
if (check) process.exit(readFileSync(file, 'utf8') === text ? 0 : 1);
writeFileSync(file, text);
