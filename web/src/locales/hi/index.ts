/* Hindi. The keys are the English texts of the code; `node texts.mjs check` finds what is missing. */
import type { Catalog } from '../../core/i18n';
import { numbers } from './numbers';
import { people } from './people';
import { said } from './said';
import { sequences } from './sequences';
import { settings } from './settings';
import { shell } from './shell';

const texts: Catalog = { ...numbers, ...people, ...said, ...sequences, ...settings, ...shell };
export default texts;
