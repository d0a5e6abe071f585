import * as fs from 'node:fs';
import * as path from 'node:path';

import type { Locator, Page } from '@playwright/test';
import { expect, test } from '@playwright/test';

import type { IHost } from '../helpers/host';
import { describeIn, evaluate, fileMenu, fileRow, setTheme } from '../helpers/host';
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

    test('its editor stays the default, ours is under Open With; both work and look right on one file', async ({
      page
    }) => {
      expect(await evaluate(page, app => app.version)).toContain(version);
      expect(
        await evaluate(page, app => app.docRegistry.getFileTypesForPath('a.pipeline').map(type => type.name))
      ).toEqual(['pipeline']);
      await fileRow(page, 'two.pipeline').dblclick();
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(2);
      await setTheme(page, 'JupyterLab Dark');
      const before = await colours(theirs(page));
      await (await fileMenu(page, 'two.pipeline', 'OSCAR Pipeline', 'Open With')).click();
      await expect(ours(page).locator('.d3-node-group')).toHaveCount(2);
      await page.screenshot({ path: `screenshots/${name}-ours-dark.png` });
      expect(await colours(theirs(page))).toEqual(before);
      // Not the white of the library's own styles.
      expect((await colours(ours(page))).filter(colour => /^rgb\((2[0-9]{2}(, )?){3}\)$/.test(colour))).toEqual([]);
      await setTheme(page, 'JupyterLab Light');
      await page.screenshot({ path: `screenshots/${name}-ours.png` });

      // What is done in ours is seen in its, and nothing else is written.
      await ours(page).locator('.d3-node-group[data-id$="_two"]').click();
      await page.keyboard.press('Delete');
      await expect(ours(page).locator('.d3-node-group')).toHaveCount(1);
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(1);
      await evaluate(page, app => app.commands.execute('docmanager:save').then(() => null));
      const saved = read(host, 'two.pipeline');
      expect(saved).not.toContain('two.py');
      const lines = new Set(PIPELINE.split('\n').map(line => line.replace(/,$/, '')));
      expect(saved.split('\n').filter(line => !lines.has(line.replace(/,$/, '')))).toEqual([]);
    });

    test('our buttons check, export and run what is open in its editor, saved or not', async ({ page }) => {
      await fileRow(page, 'two.pipeline').dblclick();
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(2);
      await button(page, 'Check for OSCAR').click();
      await expect(page.getByText('nothing stands in the way')).toBeVisible();
      await page.screenshot({ path: `screenshots/${name}-theirs.png` });
      await theirs(page).locator('.d3-node-group[data-id$="_two"]').click();
      await page.keyboard.press('Delete');
      await expect(theirs(page).locator('.d3-node-group')).toHaveCount(1);
      await button(page, 'Export FDL…').click();
      expect(await exported(page, host)).not.toContain('two-two');
      await button(page, 'Run on cluster…').click();
      await runToTheEnd(page);
      await expect(page.locator('.jp-OscarRunGraph')).toContainText('one.py');
      await expect(page.locator('.jp-OscarRunGraph')).not.toContainText('two.py');
      expect(read(host, 'two.pipeline')).not.toContain('two.py');
    });

    test('a file is exported and run from the file browser, without opening it', async ({ page }) => {
      await (await fileMenu(page, 'two.pipeline', 'Export FDL…')).click();
      expect(await exported(page, host)).toContain('two-two');
      await (await fileMenu(page, 'two.pipeline', 'Run on cluster…')).click();
      await runToTheEnd(page);
      await expect(page.locator('.jp-OscarRunGraph')).toContainText('two.py');
      await page.screenshot({ path: `screenshots/${name}-run.png` });
    });
  });
}

function write(host: IHost, file: string, text: string): void {
  fs.writeFileSync(path.join(host.root, file), text);
}

function read(host: IHost, file: string): string {
  return fs.readFileSync(path.join(host.root, file), 'utf8');
}

/** What nodes and the ground of a canvas are painted with. */
async function colours(editor: Locator): Promise<string[]> {
  return editor.evaluate(element =>
    ['.d3-node-body-outline', '.d3-svg-background'].map(
      selector => getComputedStyle(element.querySelector(selector)!).fill
    )
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

/** Wait for the end of an export; answers the FDL. */
async function exported(page: Page, host: IHost): Promise<string> {
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Exported to two-fdl');
  await dialog.getByRole('button', { name: 'Close' }).click();
  const fdl = read(host, path.join('two-fdl', 'fdl.yaml'));
  expect(fdl).toContain('two-one');
  return fdl;
}

async function runToTheEnd(page: Page): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.jp-OscarRun')).toHaveAttribute('data-oscar-state', 'done', { timeout: 120000 });
}
