import * as fs from 'node:fs';
import * as path from 'node:path';

import type { Locator, Page } from '@playwright/test';
import { expect, test } from '@playwright/test';

import type { IHost } from '../helpers/host';
import { describeIn, evaluate, fileMenu, setTheme } from '../helpers/host';
import type { ILab } from '../helpers/panel';
import { pipeline, script } from '../helpers/pipeline';

const PIPELINE = pipeline({
  name: 'two',
  nodes: [
    script('one', 'one.py', { at: [60, 80], outputs: ['one.txt'] }),
    script('two', 'two.py', { at: [320, 80], after: ['one'] })
  ]
});

for (const [name, version] of [
  ['elyra46', '4.6.'],
  ['elyra44', '4.4.']
] as const) {
  describeIn(name, 'Beside the real Elyra', host => {
    test.beforeEach(async ({ page }) => {
      write(host, 'two.pipeline', PIPELINE);
      write(host, 'one.py', "open('one.txt', 'w').write('1')\n");
      write(host, 'two.py', "print('got', open('one.txt').read())\n");
      fs.rmSync(path.join(host.root, 'two-fdl'), { recursive: true, force: true });
      await host.open(page);
      // Elyra registers its editor after a call to its server.
      await expect
        .poll(() => evaluate(page, app => app.docRegistry.defaultWidgetFactory('a.pipeline')?.name))
        .toBe('Pipeline Editor');
    });

    test('its editor stays the default, ours is under Open With', async ({ page }) => {
      expect(await evaluate(page, app => app.version)).toContain(version);
      expect(
        await evaluate(page, app => app.docRegistry.getFileTypesForPath('a.pipeline').map(type => type.name))
      ).toEqual(['pipeline']);
      await page.locator('.jp-DirListing-item', { hasText: 'two.pipeline' }).dblclick();
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(2);
      await (await fileMenu(page, 'two.pipeline', 'OSCAR Pipeline', 'Open With')).click();
      await expect(ours(page).locator('.d3-node-group')).toHaveCount(2);
      await page.screenshot({ path: `screenshots/${name}-ours.png` });
      await setTheme(page, 'JupyterLab Dark');
      await page.screenshot({ path: `screenshots/${name}-ours-dark.png` });
    });

    test('our buttons check, export and run what is open in its editor', async ({ page }) => {
      await open(page);
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(2);
      await button(page, 'Check for OSCAR').click();
      await expect(page.getByText('nothing stands in the way')).toBeVisible();
      await page.screenshot({ path: `screenshots/${name}-theirs.png` });
      await button(page, 'Export FDL…').click();
      await exported(page, host);
      await button(page, 'Run on cluster…').click();
      await runToTheEnd(page);
      await page.screenshot({ path: `screenshots/${name}-run.png` });
      await setTheme(page, 'JupyterLab Dark');
      await open(page);
      await page.screenshot({ path: `screenshots/${name}-theirs-dark.png` });
    });

    test('what is changed in its editor and not saved is exported and run', async ({ page }) => {
      await open(page);
      await theirs(page).locator('.d3-node-group[data-id$="_two"]').click();
      await page.keyboard.press('Delete');
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(1);
      await button(page, 'Export FDL…').click();
      const dialog = page.getByRole('dialog');
      await expect(dialog).toContainText('Exported to two-fdl');
      await dialog.getByRole('button', { name: 'Close' }).click();
      expect(fs.readFileSync(path.join(host.root, 'two-fdl', 'fdl.yaml'), 'utf8')).not.toContain('two-two');
      await button(page, 'Run on cluster…').click();
      await runToTheEnd(page);
      await expect(page.locator('.jp-OscarRun .jp-OscarRunGraph')).not.toContainText('two.py');
      expect(fs.readFileSync(path.join(host.root, 'two.pipeline'), 'utf8')).not.toContain('two.py');
    });

    test('from the file browser, without opening it', async ({ page }) => {
      await (await fileMenu(page, 'two.pipeline', 'Export FDL…')).click();
      await exported(page, host);
      await (await fileMenu(page, 'two.pipeline', 'Run on cluster…')).click();
      await runToTheEnd(page);
    });

    test('both editors on one file: what is done in ours is seen in its', async ({ page }) => {
      await open(page);
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(2);
      await open(page, 'OSCAR Pipeline');
      await ours(page).locator('.d3-node-group[data-id$="_two"]').click();
      await page.keyboard.press('Delete');
      await expect(ours(page).locator('.d3-node-group')).toHaveCount(1);
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(1);
      await evaluate(page, app => app.commands.execute('docmanager:save').then(() => null));
      const saved = fs.readFileSync(path.join(host.root, 'two.pipeline'), 'utf8');
      expect(saved).not.toContain('two.py');
      const lines = new Set(PIPELINE.split('\n').map(line => line.replace(/,$/, '')));
      expect(saved.split('\n').filter(line => !lines.has(line.replace(/,$/, '')))).toEqual([]);
    });
  });
}

function write(host: IHost, file: string, text: string): void {
  fs.writeFileSync(path.join(host.root, file), text);
}

async function open(page: Page, factory?: string): Promise<void> {
  await page.evaluate(
    args => void (window as unknown as ILab).jupyterapp.commands.execute('docmanager:open', args),
    factory ? { path: 'two.pipeline', factory, options: { mode: 'split-right' } } : { path: 'two.pipeline' }
  );
}

function theirs(page: Page): Locator {
  return page.locator('.jp-OscarElyra.elyra-PipelineEditor');
}

function ours(page: Page): Locator {
  return page.locator('.jp-OscarPipeline-host');
}

function button(page: Page, name: string): Locator {
  return page.locator('.jp-OscarElyra .jp-Toolbar').getByRole('button', { name, exact: true });
}

async function exported(page: Page, host: IHost): Promise<void> {
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Exported to two-fdl');
  await dialog.getByRole('button', { name: 'Close' }).click();
  const fdl = fs.readFileSync(path.join(host.root, 'two-fdl', 'fdl.yaml'), 'utf8');
  expect(fdl).toContain('two-one');
  expect(fdl).toContain('two-two');
}

async function runToTheEnd(page: Page): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.jp-OscarRun')).toHaveAttribute('data-oscar-state', 'done', { timeout: 120000 });
}
