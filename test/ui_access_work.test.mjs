// The pages of the work for everyone: no findings by axe in light and in dark, one heading, and a title of its own.
import test from 'node:test';
import { BROWSER } from './lib/browser.mjs';
import { assertLightAndDark } from './lib/pages.mjs';

test('the pages of the work, light and dark', BROWSER, (t) => assertLightAndDark(t, 'work'));
