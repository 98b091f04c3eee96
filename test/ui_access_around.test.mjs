// The pages around it for everyone: no findings by axe in light and in dark, one heading, and a title of its own.
import test from 'node:test';
import { BROWSER } from './lib/browser.mjs';
import { assertLightAndDark } from './lib/pages.mjs';

test('the pages around it, light and dark', BROWSER, (t) => assertLightAndDark(t, 'around'));
