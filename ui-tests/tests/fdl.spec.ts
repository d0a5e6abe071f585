import type { Locator } from '@playwright/test';

import { execute, GOOD, open, SCRIPT, textOf } from '../helpers/fdl';
import { expect, test } from '../helpers/fixtures';

test.beforeEach(async ({ page }) => {
  await page.goto('?reset');
});

test('nothing of the language is loaded before an FDL file is opened', async ({ page }) => {
  const loaded = (): Promise<number> =>
    page.evaluate(
      () =>
        performance.getEntriesByType('resource').filter(({ name }) => name.includes('/jupyterlab-oscar/static/')).length
    );
  await page.request.put('api/contents/plain.yaml', { data: { type: 'file', format: 'text', content: 'a: 1\n' } });
  const before = await loaded();
  await execute(page, 'docmanager:open', { path: 'plain.yaml' });
  await expect(page.locator('.jp-FileEditor .cm-content')).toContainText('a: 1');
  expect(await loaded()).toBe(before);
  await open(page, 'lazy/fdl.yaml', GOOD);
  expect(await loaded()).toBeGreaterThan(before);
});

test('a mistake is marked, explained and repaired', async ({ page }) => {
  const editor = await open(page, 'lint/fdl.yaml', GOOD.replace('memory:', 'memry:'));
  await expect(editor.locator('.cm-lintRange-error, .cm-lintRange-warning').first()).toBeVisible();
  await expect(editor.locator('.cm-lint-marker').first()).toBeVisible();
  await editor.getByText('memry').first().hover();
  const tooltip = page.locator('.jp-OscarFdlTooltips .cm-diagnostic').first();
  await expect(tooltip).toContainText('memory');
  await page.screenshot({ path: 'screenshots/fdl-lint.png' });
  await tooltip.locator('.cm-diagnosticAction').first().click();
  await expect.poll(() => textOf(page, 'lint/fdl.yaml')).toContain('memory: 256Mi');
  await expect.poll(() => textOf(page, 'lint/fdl.yaml')).not.toContain('memry');
});

test('a YAML file with another name is known by what is in it', async ({ page }) => {
  const editor = await open(page, 'by-content.yaml', GOOD.replace('memory: 256Mi', 'memory: lots'));
  await expect(editor.locator('.cm-lintRange-error').first()).toBeVisible();
});

test('completion offers keys, and help explains them', async ({ page }) => {
  const editor = await open(page, 'complete/fdl.yaml', GOOD);
  await editor.getByText('memory').first().click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('vis');
  const list = page.locator('.jp-OscarFdlTooltips .cm-tooltip-autocomplete');
  await expect(list).toContainText('visibility');
  await page.screenshot({ path: 'screenshots/fdl-complete.png' });
  await page.keyboard.press('Tab');
  await expect.poll(() => textOf(page, 'complete/fdl.yaml')).toMatch(/^ {6}visibility:/m);
  await page.keyboard.press('Escape');
  // The indentation belongs to the same piece of text.
  const key = editor.getByText('image', { exact: true }).first();
  const { width, height } = (await key.boundingBox())!;
  await key.hover({ position: { x: width - 10, y: height / 2 } });
  await expect(page.locator('.jp-OscarFdlHover')).toContainText(/image/i);
  await page.screenshot({ path: 'screenshots/fdl-hover.png' });
});

test('Ctrl and click opens the script', async ({ page }) => {
  await page.request.put('api/contents/links', { data: { type: 'directory' } });
  await page.request.put('api/contents/links/script.sh', { data: { type: 'file', format: 'text', content: SCRIPT } });
  const editor = await open(page, 'links/fdl.yaml', GOOD);
  await editor.locator('.jp-OscarFdl-link').click({ modifiers: ['Control'] });
  await expect(page.locator('.lm-TabBar-tabLabel', { hasText: 'script.sh' })).toBeVisible();
});

test('renaming and formatting change the text, and undo brings it back', async ({ page }) => {
  await open(page, 'rename/fdl.yaml', GOOD);
  await execute(page, 'jupyterlab-oscar:fdl-rename-service', {
    path: 'rename/fdl.yaml',
    from: 'fdl-echo',
    to: 'fdl-say'
  });
  await expect.poll(() => textOf(page, 'rename/fdl.yaml')).toContain('name: fdl-say # the name');
  await execute(page, 'jupyterlab-oscar:fdl-format', { path: 'rename/fdl.yaml' });
  expect(await textOf(page, 'rename/fdl.yaml')).toContain('# made by a test');
});

test('the table of contents shows the services, and leads to them', async ({ page }) => {
  const editor = await open(page, 'outline/fdl.yaml', GOOD);
  await page.locator('.jp-SideBar [data-id="table-of-contents"]').click();
  const contents = page.locator('.jp-TableOfContents');
  const heading = (text: string): Locator => contents.locator('.jp-tocItem-content', { hasText: text });
  await expect(heading('Services')).toBeVisible();
  await expect(heading('input fdl-echo/in')).toBeVisible();
  await page.screenshot({ path: 'screenshots/fdl-outline.png' });
  await heading('output fdl-echo/out').click();
  await expect(page.locator('#jp-main-statusbar')).toContainText(/Ln 1[45],/);

  // It follows the text.
  await editor.getByText('# the name').click();
  await page.keyboard.press('Home');
  await page.keyboard.type('name: renamed #');
  await expect(contents.getByText('renamed', { exact: true })).toBeVisible();
});

test('sections fold, by mouse and keys', async ({ page }) => {
  const editor = await open(page, 'fold/fdl.yaml', GOOD);
  const line = editor.locator('.cm-line', { hasText: /^ {6}input:/ });
  const { y, height } = (await line.boundingBox())!;
  const markers = editor.locator('.cm-foldGutter .cm-gutterElement span:visible');
  await expect(markers.first()).toBeVisible();
  const boxes = await Promise.all((await markers.all()).map(marker => marker.boundingBox()));
  const index = boxes.findIndex(box => box && box.y + box.height / 2 > y && box.y + box.height / 2 < y + height);
  expect(index).toBeGreaterThanOrEqual(0);
  await markers.nth(index).click();
  await expect(editor.locator('.cm-foldPlaceholder')).toHaveCount(1);
  await expect(editor.locator('.cm-content')).not.toContainText('fdl-echo/in');
  await expect(editor.locator('.cm-content')).toContainText('fdl-echo/out');
  await editor.locator('.cm-foldPlaceholder').click();
  await expect(editor.locator('.cm-content')).toContainText('fdl-echo/in');
  await editor.getByText('# the name').click();
  await page.keyboard.press('Control+Alt+[');
  await expect(editor.locator('.cm-foldPlaceholder').first()).toBeVisible();
  expect(await textOf(page, 'fold/fdl.yaml')).toBe(GOOD);
});

test('a file is written for another version of OSCAR', async ({ page }) => {
  const expose =
    '\n      expose:\n        min_scale: 1\n        max_scale: 1\n        api_port: [80] # keep\n        cpu_threshold: 80';
  const text = GOOD.replace('memory: 256Mi', `memory: 256Mi${expose}`);
  await open(page, 'convert/fdl.yaml', text);
  void execute(page, 'jupyterlab-oscar:fdl-convert-version', { path: 'convert/fdl.yaml' });
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Version').selectOption('3.x');
  await page.screenshot({ path: 'screenshots/fdl-convert.png' });
  await dialog.getByRole('button', { name: 'Convert' }).click();
  await expect.poll(() => textOf(page, 'convert/fdl.yaml')).toContain('api_port: 80 # keep');
  await execute(page, 'jupyterlab-oscar:fdl-convert-version', { path: 'convert/fdl.yaml', version: '4.1' });
  await expect.poll(() => textOf(page, 'convert/fdl.yaml')).toBe(text);
});
