import * as fs from 'node:fs';
import * as path from 'node:path';

import type { Locator, Page } from '@playwright/test';
import { expect, test } from '@playwright/test';

import type { ILab } from '../helpers/panel';
import { pipeline, script } from '../helpers/pipeline';
import { startServer } from '../helpers/server.cjs';

/** Made by helpers/elyra.mjs. */
const FOLDER = process.env.OSCAR_ELYRA ?? '';

const PIPELINE = pipeline({
  name: 'two',
  nodes: [
    script('one', 'one.py', { at: [60, 80], outputs: ['one.txt'] }),
    script('two', 'two.py', { at: [320, 80], after: ['one'] })
  ]
});

for (const [name, version] of [
  ['v46', /^4\.6\./],
  ['v44', /^4\.4\./]
] as const) {
  test.describe.serial(`Beside the real Elyra (${name})`, () => {
    const lab = path.join(FOLDER, name, 'bin', 'jupyter-lab');
    test.skip(
      !FOLDER || !fs.existsSync(lab),
      `SKIPPED: no Elyra. Make it: node ui-tests/helpers/elyra.mjs FOLDER, then OSCAR_ELYRA=FOLDER`
    );
    test.setTimeout(180000);
    let server: Awaited<ReturnType<typeof startServer>>;

    test.beforeAll(async () => {
      const before = process.env.JUPYTERLAB_OSCAR_TEST_LAB;
      process.env.JUPYTERLAB_OSCAR_TEST_LAB = lab;
      server = await startServer(`elyra-${name}`);
      if (before === undefined) {
        delete process.env.JUPYTERLAB_OSCAR_TEST_LAB;
      } else {
        process.env.JUPYTERLAB_OSCAR_TEST_LAB = before;
      }
      fs.writeFileSync(path.join(server.root, 'one.py'), "open('one.txt', 'w').write('1')\n");
      fs.writeFileSync(path.join(server.root, 'two.py'), "print('got', open('one.txt').read())\n");
    });

    test.afterAll(() => server?.stop());

    test.beforeEach(async ({ page }) => {
      fs.writeFileSync(path.join(server.root, 'two.pipeline'), PIPELINE);
      await page.goto(`${server.url}lab?reset`);
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
      // Elyra registers its editor after a call to its server.
      await expect
        .poll(() => evaluate(page, app => app.docRegistry.defaultWidgetFactory('a.pipeline').name))
        .toBe('Pipeline Editor');
    });

    test('its editor stays the default, ours is there as well', async ({ page }) => {
      expect(await evaluate(page, app => app.version)).toMatch(version);
      const names = await evaluate(page, app =>
        [...app.docRegistry.preferredWidgetFactories('a.pipeline')].map(factory => factory.name)
      );
      expect(names).toEqual(expect.arrayContaining(['Pipeline Editor', 'OSCAR Pipeline']));
      expect(
        await evaluate(page, app => app.docRegistry.getFileTypesForPath('a.pipeline').map(type => type.name))
      ).toEqual(['pipeline']);
    });

    test('our buttons check, export and run what is open in its editor', async ({ page }) => {
      await open(page);
      await expect(page.locator('.elyra-PipelineEditor .d3-node-group')).toHaveCount(2);
      await button(page, 'Check for OSCAR').click();
      await expect(page.getByText(/nothing stands in the way|Problems of two.pipeline/).first()).toBeVisible();
      const close = page.getByRole('dialog').getByRole('button', { name: 'Close' });
      if (await close.isVisible()) {
        await close.click();
      }
      await page.screenshot({ path: `screenshots/elyra-${name}.png` });
      await button(page, 'Export FDL…').click();
      await expect(page.getByRole('dialog')).toContainText('Exported to two-fdl');
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
      expect(fs.readFileSync(path.join(server.root, 'two-fdl', 'fdl.yaml'), 'utf8')).toContain('two-one');
      await button(page, 'Run on cluster…').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
      await expect(page.locator('.jp-OscarRun')).toHaveAttribute('data-oscar-state', 'done', { timeout: 120000 });
    });

    test('both editors on one file: what is done in ours is seen in its', async ({ page }) => {
      await open(page);
      await expect(page.locator('.elyra-PipelineEditor .d3-node-group')).toHaveCount(2);
      await open(page, 'OSCAR Pipeline');
      const ours = page.locator('.jp-OscarPipeline-host');
      await ours.locator('.d3-node-group[data-id$="_two"]').click();
      await page.keyboard.press('Delete');
      await expect(ours.locator('.d3-node-group')).toHaveCount(1);
      await expect(page.locator('.elyra-PipelineEditor .d3-node-group')).toHaveCount(1);
      await evaluate(page, app => app.commands.execute('docmanager:save').then(() => null));
      const saved = fs.readFileSync(path.join(server.root, 'two.pipeline'), 'utf8');
      expect(saved).not.toContain('two.py');
      const lines = new Set(PIPELINE.split('\n').map(line => line.replace(/,$/, '')));
      expect(saved.split('\n').filter(line => !lines.has(line.replace(/,$/, '')))).toEqual([]);
    });
  });
}

interface IApp extends ILab {
  version: string;
  docRegistry: {
    defaultWidgetFactory(path: string): { name: string };
    preferredWidgetFactories(path: string): Iterable<{ name: string }>;
    getFileTypesForPath(path: string): { name: string }[];
  };
  commands: { execute(id: string, args?: object): Promise<unknown> };
}

function evaluate<T>(page: Page, work: (app: IApp) => T): Promise<T> {
  return page.evaluate(`(${work.toString()})(window.jupyterapp)`) as Promise<T>;
}

async function open(page: Page, factory?: string): Promise<void> {
  await page.evaluate(
    args => void (window as unknown as ILab).jupyterapp.commands.execute('docmanager:open', args),
    factory ? { path: 'two.pipeline', factory, options: { mode: 'split-right' } } : { path: 'two.pipeline' }
  );
}

function button(page: Page, name: string): Locator {
  return page.locator('.jp-OscarElyra .jp-Toolbar').getByRole('button', { name, exact: true });
}
