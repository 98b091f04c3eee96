// Draws the pictures of the README anew, from a believable business on the simulated provider:
//   node test/pictures.mjs [folder]      (afterwards: pngquant --ext .png --force FOLDER/*.png)
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { believablePeople, populate, settled, startUi } from './lib/ui.mjs';

const folder = process.argv[2] ?? new URL('../docs/pictures', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });
const endings = [];
const t = { after: (end) => endings.unshift(end) };
try {
  const { server, open } = await startUi(t, { clock: 'manual' });
  const { welcome } = await populate(server, { days: 12, perDay: 30, attack: false });
  await server.api('POST', `/api/sequences/${welcome.id}/test-send`, { phone: '919876543210' });
  const wide = { viewport: { width: 1280, height: 820 }, reducedMotion: 'reduce' };
  const shoot = async (page, name) => {
    await settled(page);
    await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => {}); // the event stream stays open
    await page.screenshot({ path: join(folder, `${name}.png`) });
  };
  const page = await open({ ...wide, colorScheme: 'light' });
  await page.goto('/');
  await page.locator('.u-over').first().waitFor(); // the chart comes a moment later
  await shoot(page, 'dashboard');
  await page.goto(`/sequences/${welcome.id}`);
  await page.locator('.bubble').nth(2).waitFor();
  await shoot(page, 'builder');
  await page.goto(`/sequences/${welcome.id}/add`);
  const rows = believablePeople(900_001, 240).map(({ phone, name, custom_fields: { city } }) => `+${phone},${name},${city}`);
  rows.splice(3, 0, 'call me,Kavya Nair,Pune', rows[0]);
  await page.getByLabel('CSV file').setInputFiles({ name: 'spring-campaign.csv', mimeType: 'text/csv', buffer: Buffer.from(['phone,name,city', ...rows].join('\n')) });
  await page.getByText('First rows and what happens to them').waitFor();
  await page.locator('.tabs').evaluate((tabs) => tabs.scrollIntoView());
  await shoot(page, 'enroll');
  const dark = await open({ ...wide, colorScheme: 'dark' });
  await dark.goto(`/sequences/${welcome.id}/people`);
  await shoot(dark, 'people');
  await dark.goto(`/sequences/${welcome.id}/results`);
  await shoot(dark, 'results');
  const phone = await open({ viewport: { width: 390, height: 820 }, deviceScaleFactor: 2, colorScheme: 'light', reducedMotion: 'reduce' });
  const person = (await server.api('GET', `/api/sequences/${welcome.id}/enrollments?status=completed&limit=1`)).body.data[0];
  await phone.goto(`/people/${person.id}`);
  await shoot(phone, 'person');
} finally {
  for (const end of endings) await end();
}
