import type { Locator, Page } from '@playwright/test';

import { expect, test } from '../helpers/fixtures';
import type { ILab } from '../helpers/panel';
import { OscarPanel } from '../helpers/panel';

const execute = (page: Page, id: string, args: object = {}): Promise<unknown> =>
  page.evaluate(
    async ([command, options]) => {
      await (window as unknown as ILab).jupyterapp.commands.execute(command as string, options as object);
    },
    [id, args]
  );

/** Write a file and open it. */
async function open(page: Page, path: string, text: string): Promise<Locator> {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  if (folder) {
    await page.request.put(`api/contents/${folder}`, { data: { type: 'directory' } });
  }
  await page.request.put(`api/contents/${path}`, { data: { type: 'file', format: 'text', content: text } });
  await execute(page, 'docmanager:open', { path });
  const editor = page.locator('.jp-FileEditor .cm-editor.jp-OscarFdl:visible');
  await expect(editor).toBeVisible();
  return editor;
}

/** The text of the editor in front, through the shared document. */
const textOf = (page: Page, path: string): Promise<string> =>
  page.evaluate(name => {
    const { shell } = (window as unknown as ILab).jupyterapp;
    const widgets = [...shell.widgets('main')] as unknown as {
      context?: { path: string; model: { sharedModel: { source: string } } };
    }[];
    return widgets.find(widget => widget.context?.path === name)?.context?.model.sharedModel.source ?? '';
  }, path);

const theme = (page: Page, name: string): Promise<unknown> => execute(page, 'apputils:change-theme', { theme: name });

const SCRIPT = '#!/bin/sh\ncat "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/out.txt"\n';

const GOOD = `# made by a test
functions:
  oscar:
  - local:
      name: fdl-echo # the name
      image: python:3.12-slim
      cpu: '0.5'
      memory: 256Mi
      script: script.sh
      input:
      - storage_provider: minio.default
        path: fdl-echo/in
      output:
      - storage_provider: minio.default
        path: fdl-echo/out
      annotations:
        jupyterlab-oscar/runtime: process
`;

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

test('the graph shows and edits the text', async ({ page }) => {
  await open(page, 'graph/fdl.yaml', GOOD);
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path: 'graph/fdl.yaml' });
  const graph = page.locator('.jp-OscarFdlGraph');
  await expect(graph.locator('[data-node="service:local/fdl-echo"]')).toBeVisible();
  await expect(graph.locator('[data-edge]')).toHaveCount(2);
  await page.screenshot({ path: 'screenshots/fdl-graph.png' });

  // Add a service with the dialog.
  await graph.getByRole('button', { name: 'Add a service' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).or(dialog.getByLabel('Name')).first().fill('second');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const second = graph.locator('[data-node="service:local/second"]');
  await expect(second).toBeVisible();
  await expect.poll(() => textOf(page, 'graph/fdl.yaml')).toContain('name: second');

  // Connect by dragging from one service to the other.
  const echo = graph.locator('[data-node="service:local/fdl-echo"]');
  await echo.hover();
  const port = (await echo.locator('.jp-OscarFdlGraph-port').boundingBox())!;
  const target = (await second.locator('rect').boundingBox())!;
  await page.mouse.move(port.x + port.width / 2, port.y + port.height / 2);
  await page.mouse.down();
  await page.mouse.move(target.x + target.width / 2, target.y + target.height / 2, { steps: 8 });
  await page.mouse.up();
  await expect(graph.locator('[data-edge]')).toHaveCount(3);
  expect((await textOf(page, 'graph/fdl.yaml')).match(/path: fdl-echo\/out/g)).toHaveLength(2);
  expect(await textOf(page, 'graph/fdl.yaml')).toContain('# the name');

  // With the keyboard alone: remove it, and undo.
  await second.focus();
  await page.keyboard.press('Delete');
  await expect(second).toHaveCount(0);
  expect(await textOf(page, 'graph/fdl.yaml')).toBe(GOOD);
  await page.keyboard.press('Tab');
  await graph.getByRole('button', { name: 'Undo' }).click();
  await expect(second).toBeVisible();

  // What is typed is drawn.
  const editor = page.locator('.jp-FileEditor .cm-content:visible');
  await editor.getByText('second').click();
  await page.keyboard.press('End');
  await page.keyboard.type('x');
  await expect(graph.locator('[data-node="service:local/secondx"]')).toBeVisible();

  // Broken text leaves the last good picture, and says so.
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('a: [\n');
  await expect(graph.getByText('The text cannot be read at the moment')).toBeVisible();
  await expect(graph.locator('[data-node="service:local/fdl-echo"]')).toBeVisible();
  await page.screenshot({ path: 'screenshots/fdl-broken.png' });
});

test('the graph in dark, high contrast, narrow and empty', async ({ page }) => {
  await open(
    page,
    'looks/fdl.yaml',
    GOOD +
      GOOD.replace(/^[^]*oscar:\n/, '')
        .replace(/fdl-echo\/in/g, 'fdl-echo/out')
        .replace(/fdl-echo( #|\/done)/g, 'fdl-next$1')
        .replace('path: fdl-echo/out\n      annotations', 'path: fdl-next/out\n      annotations')
  );
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path: 'looks/fdl.yaml' });
  const graph = page.locator('.jp-OscarFdlGraph');
  await graph.locator('[data-node="service:local/fdl-next"]').click();
  await page.screenshot({ path: 'screenshots/fdl-graph-chosen.png' });
  for (const [name, file] of [
    ['JupyterLab Dark', 'dark'],
    ['JupyterLab Dark High Contrast', 'contrast']
  ]) {
    await theme(page, name);
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
    await page.screenshot({ path: `screenshots/fdl-graph-${file}.png` });
  }
  await theme(page, 'JupyterLab Light');
  await page.setViewportSize({ width: 760, height: 700 });
  await page.screenshot({ path: 'screenshots/fdl-graph-narrow.png' });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.request.put('api/contents/empty.fdl', { data: { type: 'file', format: 'text', content: '' } });
  await execute(page, 'docmanager:open', { path: 'empty.fdl', factory: 'OSCAR FDL graph' });
  await expect(page.getByText('Nothing is in this file yet.')).toBeVisible();
  await page.screenshot({ path: 'screenshots/fdl-graph-empty.png' });
});

test('plan and apply from the graph', async ({ page }) => {
  test.slow();
  const panel = new OscarPanel(page);
  await panel.ready();
  await panel.empty();
  await page.request.put('api/contents/apply', { data: { type: 'directory' } });
  await page.request.put('api/contents/apply/script.sh', { data: { type: 'file', format: 'text', content: SCRIPT } });
  await open(page, 'apply/fdl.yaml', GOOD);
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path: 'apply/fdl.yaml' });
  const graph = page.locator('.jp-OscarFdlGraph');
  await graph.getByRole('button', { name: 'Plan', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('fdl-echo');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await graph.getByRole('button', { name: 'Apply to cluster' }).click();
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(panel.service('fdl-echo')).toHaveAttribute('data-oscar-state', 'ready', { timeout: 120000 });
  await page.request.delete('jupyterlab-oscar/v1/clusters/local/services/fdl-echo?data=delete');
});
