import type { Catalog } from '../core/i18n';

const texts: Catalog = {};
export default texts;
