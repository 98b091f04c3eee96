// The pages around it with forced colours and with less motion, as the system asks for them.
import test from 'node:test';
import { BROWSER } from './lib/browser.mjs';
import { assertForcedAndStill } from './lib/pages.mjs';

test('the pages around it, forced colours and less motion', BROWSER, (t) => assertForcedAndStill(t, 'around'));
