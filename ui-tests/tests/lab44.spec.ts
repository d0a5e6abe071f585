import * as fs from 'node:fs';
import * as path from 'node:path';

import { expect, test } from '@playwright/test';

import { describeIn, evaluate, fileRow, setTheme } from '../helpers/host';
import type { ILab } from '../helpers/panel';
import { OscarPanel } from '../helpers/panel';
import { command, pipeline } from '../helpers/pipeline';

/** The oldest JupyterLab that is supported, without Elyra: the page is built with a newer one. */
describeIn('lab44', 'JupyterLab 4.4', host => {
  test.beforeEach(async ({ page }) => {
    fs.writeFileSync(
      path.join(host.root, 'two.pipeline'),
      pipeline({
        name: 'two',
        nodes: [
          command('make', 'echo made > made.txt', { at: [60, 80], outputs: ['made.txt'] }),
          command('show', 'cat made.txt', { at: [320, 80], after: ['make'] })
        ]
      })
    );
    await host.open(page);
  });

  test('the panel is ready, an example is deployed, a job runs', async ({ page }) => {
    expect(await evaluate(page, app => app.version)).toContain('4.4.');
    const panel = new OscarPanel(page);
    await panel.ready();
    await panel.deploy('cowsay', 'cowsay');
    await panel.root.getByRole('button', { name: 'Try it with hello.json' }).click();
    const view = page.locator('.jp-OscarJobView');
    await expect(view.locator('.jp-OscarHead-facts')).toContainText('Done', { timeout: 60000 });
    await expect(view).toContainText('(oo)');
    await page.screenshot({ path: 'screenshots/lab44-job.png' });
    await setTheme(page, 'JupyterLab Dark');
    await page.screenshot({ path: 'screenshots/lab44-job-dark.png' });
    await setTheme(page, 'JupyterLab Light');
  });

  test('our editor opens pipelines, saves what is edited, and runs them', async ({ page }) => {
    expect(await evaluate(page, app => app.docRegistry.defaultWidgetFactory('a.pipeline')?.name)).toBe(
      'OSCAR Pipeline'
    );
    await fileRow(page, 'two.pipeline').dblclick();
    const editor = page.locator('.jp-OscarPipeline-host');
    await expect(editor.locator('.d3-node-group')).toHaveCount(2);
    await editor.locator('.d3-node-group[data-id$="_show"]').dblclick();
    await page.locator('input#root_label').fill('Show it');
    await expect(page.locator('.lm-DockPanel-tabBar .lm-mod-current.jp-mod-dirty')).toHaveCount(1);
    await page.screenshot({ path: 'screenshots/lab44-pipeline.png' });
    await evaluate(page, app => app.commands.execute('docmanager:save').then(() => null));
    expect(fs.readFileSync(path.join(host.root, 'two.pipeline'), 'utf8')).toContain('Show it');
    await setTheme(page, 'JupyterLab Dark');
    await page.screenshot({ path: 'screenshots/lab44-pipeline-dark.png' });
    await setTheme(page, 'JupyterLab Light');
    await page.locator('.jp-Toolbar').getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    await expect(page.locator('.jp-OscarRun')).toHaveAttribute('data-oscar-state', 'done', { timeout: 120000 });
  });

  test('the FDL editor checks what is written', async ({ page }) => {
    await page.evaluate(args => void (window as unknown as ILab).jupyterapp.commands.execute('docmanager:open', args), {
      path: 'services/cowsay/fdl.yaml'
    });
    const editor = page.locator('.jp-FileEditor .cm-content');
    await expect(editor).toContainText('cowsay');
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('nonsense: 1\n');
    await expect(page.locator('.cm-lintRange').first()).toBeVisible();
    await page.screenshot({ path: 'screenshots/lab44-fdl.png' });
  });
});
