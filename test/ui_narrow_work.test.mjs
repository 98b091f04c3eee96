// The pages of the work from right to left, and on a screen of 320 pixels, where nothing but tables of data
// moves sideways.
import test from 'node:test';
import { BROWSER } from './lib/browser.mjs';
import { assertArabicAndNarrow } from './lib/pages.mjs';

test('the pages of the work, Arabic and narrow', BROWSER, (t) => assertArabicAndNarrow(t, 'work'));
