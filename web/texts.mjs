// Lists every text of the UI: `node texts.mjs`; `node texts.mjs check` says what a language lacks or
// holds too much. The English sentence in the code is the key.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const LITERAL = String.raw`'((?:[^'\\]|\\.)*)'`;

export function usedTexts() {
    const plain = new Set();
    const plurals = new Map();
    const unescape = text => text.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    const visit = folder => {
        for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
            const file = path.join(folder, entry.name);
            if (entry.isDirectory()) visit(file);
            else if (/\.tsx?$/.test(entry.name) && !file.includes('locales')) {
                const source = fs.readFileSync(file, 'utf8');
                for (const match of source.matchAll(new RegExp(String.raw`\b(?:t|say)\(\s*${LITERAL}`, 'g'))) plain.add(unescape(match[1]));
                for (const match of source.matchAll(new RegExp(String.raw`\bplural\(\s*${LITERAL},\s*${LITERAL}`, 'g'))) plurals.set(unescape(match[2]), unescape(match[1]));
            }
        }
    };
    visit(path.join(here, 'src'));
    return { plain: [...plain], plurals };
}
/* The files of a language: each part's name and its texts. */
export async function catalogs(code) {
    const folder = path.join(here, 'src/locales', code);
    const parts = fs.readdirSync(folder).filter(file => file !== 'index.ts').map(file => path.basename(file, '.ts'));
    const contents = [...parts.map(part => `export { ${part} } from './${part}';`), "export { default as all } from './index';"].join('\n');
    const { outputFiles } = await esbuild.build({ stdin: { contents, resolveDir: folder }, bundle: true, format: 'esm', write: false });
    const target = path.join(here, 'node_modules/.cache', `texts-${code}.mjs`);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, outputFiles[0].text);
    return import(`${pathToFileURL(target).href}?${Date.now()}`);
}
const braces = text => [...text.matchAll(/\{(\w+)\}/g)].map(match => match[1]).sort().join();
export async function problems(code) {
    const { plain, plurals } = usedTexts();
    const { all: texts, ...parts } = await catalogs(code);
    const wanted = new Set([...plain, ...plurals.keys()]);
    const found = [];
    const holder = new Map();
    for (const [part, held] of Object.entries(parts))
        for (const key of Object.keys(held)) {
            if (!(key in texts)) found.push(`${code}: index.ts leaves out "${key}" of ${part}.ts`);
            if (holder.has(key)) found.push(`${code}: "${key}" stands in ${holder.get(key)}.ts and in ${part}.ts`);
            holder.set(key, part);
        }
    for (const key of wanted) {
        const entry = texts[key];
        if (entry === undefined) found.push(`${code}: lacks "${key}"`);
        else for (const text of typeof entry === 'string' ? [entry] : Object.values(entry)) {
            const spare = text.replace(/\{n\}/g, '');
            if (braces(spare) !== braces(key.replace(/\{n\}/g, '')) || (!plurals.has(key) && braces(text) !== braces(key))) found.push(`${code}: other placeholders in "${key}"`);
        }
        if (plurals.has(key) && typeof entry === 'object')
            for (const category of new Intl.PluralRules(code).resolvedOptions().pluralCategories)
                if (!(category in entry) && !('other' in entry)) found.push(`${code}: "${key}" lacks ${category}`);
    }
    for (const key of Object.keys(texts)) if (!wanted.has(key)) found.push(`${code}: nobody uses "${key}"`);
    return found;
}
if (process.argv[1] === fileURLToPath(import.meta.url)) {
    if (process.argv[2] === 'check') {
        const all = (await Promise.all(['es', 'pt-BR', 'hi', 'ar'].map(problems))).flat();
        for (const one of all) console.log(one);
        process.exitCode = all.length ? 1 : 0;
    } else {
        const { plain, plurals } = usedTexts();
        for (const text of plain) console.log(JSON.stringify(text));
        for (const [other, one] of plurals) console.log(JSON.stringify([one, other]));
    }
}
