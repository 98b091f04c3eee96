// Headers of templates in the builder: a place on the map, a file, a text with a name of its own; what is
// entered is what the server keeps, and the phone beside it shows it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAccessible, assertQuiet, BROWSER } from './lib/browser.mjs';
import { until } from './lib/process.mjs';
import { makeTexts, settled, startUi } from './lib/ui.mjs';

const approved = (name, header, more = {}) => ({ name, language: 'en', category: 'UTILITY', status: 'APPROVED', quality: null, header, body: 'Come and see us.', footer: null, buttons: [], parameter_format: 'POSITIONAL', parameters: [], ...more });
const TEMPLATES = [
  approved('where_we_are', { format: 'LOCATION', text: null }),
  approved('price_list', { format: 'DOCUMENT', text: null }),
  approved('big_sale', { format: 'TEXT', text: 'Our {{sale}}' }, { parameter_format: 'NAMED' }),
];

test('headers of templates', BROWSER, async (t) => {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const sequence = await makeTexts(server, 'With headers', [[1, 'Hello']], { status: 'draft' });
  const page = await open();
  await page.route('**/api/channels/*/templates', (route) => route.fulfill({ json: { data: TEMPLATES, next_cursor: null } }));
  await page.goto(`/sequences/${sequence.id}`);
  await settled(page);
  const stored = async () => (await server.api('GET', `/api/sequences/${sequence.id}`)).body.messages[0];
  const pick = (name) => page.getByLabel('Template', { exact: true }).selectOption(`${name} en`);
  const bubble = page.locator('.bubble').first();
  await page.getByRole('button', { name: 'Template', exact: true }).click();

  await pick('where_we_are');
  const latitude = page.getByLabel('Latitude');
  await latitude.fill('200');
  await page.getByText('Degrees between -90 and 90').waitFor();
  assert.equal(await latitude.getAttribute('aria-invalid'), 'true');
  await assertAccessible(page, 'a place that does not exist');
  await latitude.fill('19.0760');
  await page.getByLabel('Longitude').fill('{long}');
  await page.getByLabel('Name of the place').fill('Clinic of {city|Mumbai}');
  await bubble.getByText('Clinic of Mumbai').waitFor();
  const place = await until(async () => {
    const { template } = await stored();
    return template?.header?.name && template.header;
  }, 'the place is saved');
  assert.deepEqual(place, { type: 'location', latitude: '19.0760', longitude: '{long}', name: 'Clinic of {city|Mumbai}', address: null });

  await pick('price_list');
  await page.getByLabel('Address of the header’s file').fill('https://media.example.org/{city}/list');
  await page.getByLabel('File name people see').fill('Prices.pdf');
  await bubble.getByText('Prices.pdf').waitFor();
  const file = await until(async () => {
    const { template } = await stored();
    return template?.name === 'price_list' && template.header?.filename && template.header;
  }, 'the file is saved');
  assert.deepEqual(file, { type: 'document', url: 'https://media.example.org/{city}/list', filename: 'Prices.pdf' });

  await pick('big_sale');
  await page.getByLabel('Header text').fill('{city|spring} sale');
  await bubble.getByText('Our spring sale').waitFor();
  const text = await until(async () => {
    const { template } = await stored();
    return template?.name === 'big_sale' && template.header?.text === '{city|spring} sale' && template.header;
  }, 'the text is saved');
  assert.equal(text.name, 'sale');

  // What is stored is shown again.
  await page.reload();
  await page.waitForFunction(() => [...document.querySelectorAll('input')].some((input) => input.value === '{city|spring} sale'));
  assertQuiet(page);
});
