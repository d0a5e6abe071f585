import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '../helpers/fixtures';
import { OscarPanel } from '../helpers/panel';
import { ROOT } from '../helpers/server.cjs';

const OBJECTS = 'jupyterlab-oscar/v1/clusters/local/buckets/grayify/objects';

test('a bucket is a drive: open, change, upload, rename and delete its files', async ({ page }) => {
  await page.goto('?reset');
  const panel = new OscarPanel(page);
  await panel.ready();
  await panel.deploy('grayify', 'grayify');
  const object = (key: string): Promise<string> =>
    page.request.get(`${OBJECTS}/${key}`).then(async answer => (answer.ok() ? answer.text() : `${answer.status()}`));
  await page.request.put(`${OBJECTS}/notes/a.txt`, { data: 'first\n', headers: { 'Content-Type': 'text/plain' } });

  const row = panel.root.getByRole('list', { name: 'Buckets' }).getByRole('listitem').filter({ hasText: 'grayify' });
  await row.first().hover();
  await panel.root.getByRole('button', { name: 'Open grayify in a file browser' }).click();
  const browser = page.locator('.jp-MainAreaWidget:visible .jp-FileBrowser');
  const file = (name: string): ReturnType<typeof browser.locator> =>
    browser.locator('.jp-DirListing-item', { hasText: name });
  await file('notes').dblclick();
  await expect(file('a.txt')).toBeVisible();
  await page.screenshot({ path: 'screenshots/drive.png' });

  // A file of the desktop.
  const chooser = page.waitForEvent('filechooser');
  await browser.getByRole('button', { name: 'Upload Files' }).click();
  await (
    await chooser
  ).setFiles([
    { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('uploaded\n') },
    // Above a megabyte JupyterLab uploads in pieces.
    { name: 'big.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(2_500_000, 7) }
  ]);
  await expect(file('big.bin')).toBeVisible();
  await expect.poll(() => object('notes/b.txt')).toBe('uploaded\n');
  await expect
    .poll(async () => (await page.request.get(`${OBJECTS}/notes/big.bin`)).headers()['content-length'])
    .toBe('2500000');

  await file('b.txt').click();
  await page.keyboard.press('F2');
  await browser.locator('.jp-DirListing-editor').fill('c.txt');
  await page.keyboard.press('Enter');
  await expect(file('c.txt')).toBeVisible();
  expect(await object('notes/b.txt')).toBe('404');

  await file('c.txt').click();
  await page.keyboard.press('Delete');
  // JupyterLab's words, for all drives; a bucket has no bin.
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Trash|Delete/ })
    .click();
  await expect(file('c.txt')).toHaveCount(0);
  expect(await object('notes/c.txt')).toBe('404');

  // An editor, and saving.
  await file('a.txt').dblclick();
  const editor = page.locator('.jp-FileEditor:visible .cm-content');
  await expect(editor).toContainText('first');
  await editor.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('second');
  await page.keyboard.press('Control+s');
  await expect.poll(() => object('notes/a.txt')).toBe('first\nsecond');
  await page.screenshot({ path: 'screenshots/drive-editor.png' });

  // A file of the bucket goes to a service, whatever is selected in the other file browser.
  await page.request.put(`${OBJECTS}/notes/chelsea.png`, {
    data: readFileSync(path.join(ROOT, 'examples', 'data', 'chelsea.png')),
    headers: { 'Content-Type': 'image/png' }
  });
  await page.request.put(`${OBJECTS}/notes/fdl.yaml`, { data: 'functions: {}\n' });
  await page.locator('.lm-TabBar-tab', { hasText: 'grayify' }).click();
  await browser.getByRole('button', { name: 'Refresh' }).click();
  await file('chelsea.png').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Run with an OSCAR service…' }).click();
  await expect(page.getByRole('heading', { name: 'chelsea.png' })).toBeVisible();
  await expect(page.locator('.jp-OscarHead-facts').last()).toContainText('Done', { timeout: 60000 });

  // What names other files is not looked for in the wrong folder.
  await page.locator('.lm-TabBar-tab', { hasText: 'grayify' }).first().click();
  await file('fdl.yaml').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Deploy to cluster…' }).click();
  await expect(page.getByRole('dialog')).toContainText('fdl.yaml is in a bucket');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
});
