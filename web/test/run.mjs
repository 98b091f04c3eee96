// Bundles the tests of the plain modules (Node 18 reads no TypeScript) and runs them with Node's
// own runner.
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, '../node_modules/.cache/tests');
fs.rmSync(out, { recursive: true, force: true });
const files = fs.readdirSync(here).filter(file => file.endsWith('.test.ts'));
await esbuild.build({ entryPoints: files.map(file => path.join(here, file)), outdir: out, outExtension: { '.js': '.mjs' }, bundle: true, format: 'esm', platform: 'node', external: ['node:*'], logLevel: 'error' });
// Node 18 has the browser's `crypto` only behind this flag.
const flags = globalThis.crypto ? [] : ['--experimental-global-webcrypto'];
const built = fs.readdirSync(out).map(file => path.join(out, file));
process.exitCode = spawnSync(process.execPath, [...flags, '--test', ...built, path.join(here, 'texts.test.mjs')], { stdio: 'inherit' }).status ?? 1;
