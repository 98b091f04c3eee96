// The pages around it from right to left, and on a screen of 320 pixels, where nothing but tables of data
// moves sideways.
import test from 'node:test';
import { BROWSER } from './lib/browser.mjs';
import { assertArabicAndNarrow } from './lib/pages.mjs';

test('the pages around it, Arabic and narrow', BROWSER, (t) => assertArabicAndNarrow(t, 'around'));
