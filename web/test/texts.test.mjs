import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problems } from '../texts.mjs';

for (const code of ['es', 'pt-BR', 'hi', 'ar'])
    test(`every text is there in ${code}, with its placeholders`, async () => assert.deepEqual(await problems(code), []));
