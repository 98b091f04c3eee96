// Builds web/dist: hash-named chunks and styles, the icon sprite, index.html, boot.js and the API
// document as JSON. Run `node build.mjs --watch` while working on the UI.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const dist = path.join(here, 'dist');
const contract = path.join(here, '../api/openapi.yaml');
const watch = process.argv.includes('--watch');

function hashed(name, extension, content) {
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase();
    const file = `assets/${name}-${hash}.${extension}`;
    fs.mkdirSync(path.join(dist, 'assets'), { recursive: true });
    fs.writeFileSync(path.join(dist, file), content);
    return `/${file}`;
}

/* Only the icons that are named in the sources: <Icon name="x"> or icon="x" or icon: 'x'. */
function sprite() {
    const names = new Set();
    const visit = folder => {
        for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
            const file = path.join(folder, entry.name);
            if (entry.isDirectory()) visit(file);
            else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
                for (const match of fs.readFileSync(file, 'utf8').matchAll(/\bicon(?:=|: | = |\()\s*\{?["']([a-z0-9-]+)["']|<Icon name="([a-z0-9-]+)"|\/\* icon \*\/ '([a-z0-9-]+)'/g))
                    names.add(match[1] ?? match[2] ?? match[3]);
        }
    };
    visit(path.join(here, 'src'));
    const folder = path.join(path.dirname(require.resolve('lucide-static/package.json')), 'icons');
    const symbols = [...names].sort().map(name => {
        const svg = fs.readFileSync(path.join(folder, `${name}.svg`), 'utf8');
        const body = svg.replace(/^[\s\S]*?<svg[^>]*>/, '').replace('</svg>', '').replace(/\s+/g, ' ').trim();
        return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`;
}

/* Each address and the source of the page that shows it, as routes.ts has them. */
function routes() {
    const source = fs.readFileSync(path.join(here, 'src/ui/routes.ts'), 'utf8');
    const named = new Map([...source.matchAll(/const (\w+) = \(\) => import\('\.\.\/([^']+)'\)/g)].map(match => [match[1], match[2]]));
    return [...source.matchAll(/pattern: '([^']+)'.*?load: (?:(\w+)|\(\) => import\('\.\.\/([^']+)'\))/g)].map(match => [match[1], `src/${match[3] ?? named.get(match[2])}.tsx`]);
}

async function build() {
    fs.rmSync(dist, { recursive: true, force: true });
    const icons = hashed('icons', 'svg', sprite());
    const result = await esbuild.build({
        absWorkingDir: here,
        entryPoints: { app: 'src/main.tsx', style: 'src/styles/index.css' },
        outdir: 'dist/assets',
        entryNames: '[name]-[hash]',
        chunkNames: '[name]-[hash]',
        bundle: true,
        splitting: true,
        format: 'esm',
        charset: 'utf8',
        target: ['es2022', 'chrome109', 'firefox115', 'safari16'],
        minify: true,
        metafile: true,
        jsx: 'automatic',
        jsxImportSource: 'preact',
        legalComments: 'none',
        define: { ICON_SPRITE: JSON.stringify(icons) },
        logLevel: 'warning',
    });
    const outputs = Object.entries(result.metafile.outputs);
    const entry = outputs.find(([, o]) => o.entryPoint === 'src/main.tsx');
    const style = outputs.find(([, o]) => o.entryPoint === 'src/styles/index.css');
    const web = file => file.replace(/^dist/, '');
    /* The chunks that a chunk cannot start without. */
    const needs = (file, found = new Set()) => {
        for (const imported of result.metafile.outputs[file].imports)
            if (imported.kind === 'import-statement' && !found.has(imported.path)) {
                found.add(imported.path);
                needs(imported.path, found);
            }
        return found;
    };
    const eager = needs(entry[0]);
    const lazy = source => {
        const output = outputs.find(([, o]) => o.entryPoint === source);
        if (!output) throw new Error(`no chunk of ${source}`);
        return [output[0], ...needs(output[0])].filter(file => !eager.has(file)).map(file => path.basename(file));
    };
    const boot = fs.readFileSync(path.join(here, 'src/boot.js'), 'utf8')
        .replace('LOCALE_FILES', JSON.stringify(Object.fromEntries(fs.readdirSync(path.join(here, 'src/locales')).map(code => [code, [...lazy(`src/locales/${code}/index.ts`), ...lazy('src/core/said_tables.ts')]]))))
        .replace('PAGE_FILES', JSON.stringify(routes().map(([pattern, source]) => [pattern, lazy(source)])));
    fs.writeFileSync(path.join(dist, 'boot.js'), (await esbuild.transform(boot, { minify: true, target: 'es2020' })).code);
    const html = fs.readFileSync(path.join(here, 'src/index.html'), 'utf8')
        .replace('%STYLE%', web(style[0]))
        .replace('%ENTRY%', web(entry[0]))
        .replace('%PRELOAD%', [...eager].map(file => `<link rel="modulepreload" href="${web(file)}">`).join('\n    '));
    fs.writeFileSync(path.join(dist, 'index.html'), html);
    fs.copyFileSync(path.join(here, 'src/favicon.svg'), path.join(dist, 'favicon.svg'));
    const yaml = require('js-yaml');
    fs.writeFileSync(path.join(dist, 'openapi.json'), JSON.stringify(yaml.load(fs.readFileSync(contract, 'utf8'))));
    const bytes = outputs.reduce((sum, [, o]) => sum + o.bytes, 0);
    console.log(`web: ${outputs.length} files, ${Math.round(bytes / 1024)} kB`);
}

await build();
if (watch) {
    let timer;
    fs.watch(path.join(here, 'src'), { recursive: true }, (_, file) => {
        if (file?.endsWith('.d.ts')) return;
        clearTimeout(timer);
        timer = setTimeout(() => build().catch(error => console.error(error.message)), 100);
    });
}
