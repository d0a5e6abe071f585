import * as fs from 'node:fs';
import * as path from 'node:path';

import { expect, test } from '../helpers/fixtures';
import type { ILab } from '../helpers/panel';
import { dragTo, OscarPanel } from '../helpers/panel';
import {
  CANVAS,
  SUMS,
  begin,
  bodies,
  button,
  contrast,
  get,
  looks,
  node,
  nodes,
  open,
  put,
  save,
  theme
} from '../helpers/pipelines';

const REAL = path.resolve(__dirname, '../../../shared/data/pipelines');

test.describe('Pipelines', () => {
  let chunks: string[];

  test.beforeEach(async ({ page, request, baseURL }) => {
    chunks = [];
    page.on('response', response => {
      if (response.url().includes('jupyterlab-oscar/static/')) {
        chunks.push(response.url());
      }
    });
    await begin(page, request, baseURL!);
  });

  test('the canvas is loaded with the first pipeline, and styles nothing but itself', async ({ page }) => {
    await expect(page.locator('.jp-DirListing-item').first()).toBeVisible();
    const before = await looks(page);
    const early = await bodies(page, chunks);
    const late = (found: Map<string, string>): string[] => [...found.keys()].filter(url => !early.has(url));
    expect([...early.values()].filter(text => CANVAS.test(text))).toEqual([]);
    expect(Math.max(...[...early.values()].map(text => text.length))).toBeLessThan(300_000);
    await open(page, 'work/sums.pipeline');
    await node(page, 'make').dblclick();
    await expect(page.locator('.elyra-formEditor').first()).toBeVisible();
    const all = await bodies(page, chunks);
    for (const [url, text] of all) {
      console.log(
        `${late(all).includes(url) ? 'with a pipeline' : 'at the start'}: ${path.basename(url)} ${text.length}`
      );
    }
    expect(late(all).filter(url => CANVAS.test(all.get(url)!)).length).toBeGreaterThan(0);
    expect(await looks(page)).toEqual(before);
    expect(await page.evaluate(() => [...document.fonts].filter(font => /Plex/.test(font.family)).length)).toBe(0);
    const origin = new URL(page.url()).origin;
    expect(
      await page.evaluate(
        own =>
          performance
            .getEntriesByType('resource')
            .map(entry => entry.name)
            .filter(name => /^https?:/.test(name) && !name.startsWith(own)),
        origin
      )
    ).toEqual([]);
  });

  test('open, edit one label, save: nothing else in the file is different', async ({ page, request, baseURL }) => {
    await open(page, 'work/sums.pipeline');
    await expect(page.locator('.lm-DockPanel-tabBar .jp-mod-dirty')).toHaveCount(0);
    await node(page, 'make').dblclick();
    const label = page.locator('input#root_label');
    await label.fill('Make numbers');
    await expect(node(page, 'make')).toContainText('Make numbers');
    await expect(page.locator('.lm-DockPanel-tabBar .lm-mod-current.jp-mod-dirty')).toHaveCount(1);
    await save(page);
    const text = await get(request, baseURL!, 'work/sums.pipeline');
    const old = SUMS.split('\n');
    const changed = text.split('\n').filter((line, index) => line !== old[index]);
    expect(text.split('\n')).toHaveLength(old.length);
    expect(changed.map(line => line.trim())).toEqual(['"label": "Make numbers",', '"label": "Make numbers",']);
  });

  test('a node is copied, deleted, all of it undone; one is added with the keyboard, and its problems are told', async ({
    page
  }) => {
    await open(page, 'work/sums.pipeline');
    await expect(nodes(page)).toHaveCount(4);
    await node(page, 'make').click();
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Control+v');
    await expect(nodes(page)).toHaveCount(5);
    await page.keyboard.press('Delete');
    await expect(nodes(page)).toHaveCount(4);
    await page.keyboard.press('Control+z');
    await expect(nodes(page)).toHaveCount(5);
    await page.keyboard.press('Control+z');
    await expect(nodes(page)).toHaveCount(4);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await expect(nodes(page)).toHaveCount(0);
    await expect(page.locator('.jp-OscarPipeline-empty')).toBeVisible();
    await page.screenshot({ path: 'screenshots/pipeline-empty.png' });
    await button(page, 'Undo').click();
    await expect(nodes(page)).toHaveCount(4);

    await page.locator('.jp-OscarPalette-entry[data-op="oscar-command"]').focus();
    await page.keyboard.press('Enter');
    await expect(nodes(page)).toHaveCount(5);
    // It has no command and no image yet: said on the node and in the list.
    const list = page.getByRole('region', { name: 'Problems' });
    await expect(list).toContainText(/error/);
    await expect(
      page.locator('.d3-node-group image[href*="d32f2f"], .d3-node-dec-image, .d3-node-dec').first()
    ).toBeVisible();
    await list.locator('button.jp-OscarPipeline-problem').first().click();
    await expect(page.locator('.elyra-formEditor').first()).toBeVisible();
  });

  test('with keys alone: a node is added, connected, opened, removed', async ({ page }) => {
    await open(page, 'work/sums.pipeline');
    const canvas = page.locator('.jp-OscarPipeline-host .d3-svg-canvas-div');
    const said = page.locator('.jp-OscarPipeline-said');
    const links = page.locator('.jp-OscarPipeline-host .d3-link-group');
    await expect(links).toHaveCount(4);
    await page.locator('.jp-OscarPalette-entry[data-op="oscar-command"]').focus();
    await page.keyboard.press('Enter');
    await expect(nodes(page)).toHaveCount(5);
    // On with Tab, over the rest of the palette, to the canvas: what was added is chosen there.
    for (
      let press = 0;
      press < 12 && !(await canvas.evaluate(element => element === document.activeElement));
      press++
    ) {
      await page.keyboard.press('Tab');
    }
    await expect(canvas).toBeFocused();
    await expect(page.locator('.jp-OscarPipeline-keys')).toBeVisible();
    await page.keyboard.press('ArrowLeft');
    await expect(said).toContainText('report.py');
    await page.keyboard.press('c');
    await expect(said).toContainText('Connect report.py to…');
    await page.keyboard.press('ArrowRight');
    await expect(said).toContainText('Connect report.py to Shell command?');
    await page.keyboard.press('Enter');
    await expect(links).toHaveCount(5);
    await expect(said).toContainText('report.py goes to Shell command');

    await page.keyboard.press('Enter');
    await expect(page.locator('.elyra-formEditor input').first()).toBeFocused();
    await page.keyboard.type('Look');
    await expect(nodes(page).filter({ hasText: 'Look' })).toHaveCount(1);
    await page.keyboard.press('Escape');
    await expect(canvas).toBeFocused();
    await page.keyboard.press('Delete');
    await expect(nodes(page)).toHaveCount(4);
    await expect(links).toHaveCount(4);
    // The tabs of the panel, too.
    const tab = page.getByRole('button', { name: 'Edit pipeline parameters' });
    for (let press = 0; press < 6 && !(await tab.evaluate(element => element === document.activeElement)); press++) {
      await page.keyboard.press('Tab');
    }
    await expect(tab).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.locator('#pipeline-parameters')).toBeVisible();
  });

  test('comments and parameters go into the file', async ({ page, request, baseURL }) => {
    await open(page, 'work/sums.pipeline');
    await button(page, 'Add a comment').click();
    const comment = page.locator('.jp-OscarPipeline-host .d3-comment-group');
    await expect(comment).toHaveCount(1);
    await comment.dblclick();
    await page.keyboard.type('Numbers first');
    await page.locator('.jp-OscarPipeline-host .d3-svg-canvas-div').click({ position: { x: 400, y: 420 } });
    await expect(comment).toContainText('Numbers first');

    await page.locator('.elyricon-pipeline-parameters').click();
    const form = page.locator('#pipeline-parameters');
    await form.getByRole('button', { name: 'Add', exact: true }).click();
    await form.locator('input#root_1_name').fill('rate');
    await form.locator('#root_1_default_value__oneof_select').selectOption('Number');
    await form.locator('#root_1_default_value input[type="number"]').fill('0.5');
    await save(page);
    const flow = JSON.parse(await get(request, baseURL!, 'work/sums.pipeline')) as {
      pipelines: { app_data: { ui_data: { comments: object[] }; properties: { pipeline_parameters: object[] } } }[];
    };
    const { ui_data, properties } = flow.pipelines[0].app_data;
    expect(ui_data.comments).toEqual([expect.objectContaining({ content: 'Numbers first' })]);
    expect(properties.pipeline_parameters).toEqual([
      { name: 'count', default_value: { type: 'Integer', value: 10 } },
      { name: 'rate', default_value: { type: 'Float', value: 0.5 } }
    ]);
    await page.screenshot({ path: 'screenshots/pipeline-parameters.png' });
  });

  test('the palette has everything that can be drawn, the services of the cluster too', async ({
    page,
    request,
    baseURL
  }) => {
    const panel = new OscarPanel(page);
    await panel.ready();
    await panel.deploy('cowsay', 'cowsay');
    await open(page, 'work/sums.pipeline');
    const palette = page.getByRole('navigation', { name: 'Palette' });
    for (const name of ['Notebook', 'Python script', 'R script', 'Shell command', 'cowsay', 'Lambda function']) {
      await expect(palette.getByRole('button', { name, exact: true })).toBeVisible();
    }
    await palette.getByRole('searchbox').fill('cow');
    await expect(palette.getByRole('button')).toHaveCount(1);
    // Dropped on what is empty of the canvas.
    const target = page.locator('.jp-OscarPipeline-host .d3-svg-canvas-div');
    await palette.getByRole('button').dragTo(target, { targetPosition: { x: 200, y: 380 } });
    await expect(nodes(page).filter({ hasText: 'cowsay' })).toHaveCount(1);
    await save(page);
    const text = await get(request, baseURL!, 'work/sums.pipeline');
    expect(text).toContain('"op": "oscar-service"');
    expect(text).toContain('"service": "cowsay"');
  });

  test('menus and fields can be read in dark themes', async ({ page }) => {
    await theme(page, 'JupyterLab Dark');
    await open(page, 'work/sums.pipeline');
    await node(page, 'make').click({ button: 'right' });
    const menu = page.locator('.jp-OscarPipeline-host .context-menu-popover').first();
    await expect(menu).toBeVisible();
    for (const item of await menu.locator('.context-menu-item').all()) {
      expect(await contrast(item)).toBeGreaterThan(4.5);
    }
    await page.screenshot({ path: 'screenshots/pipeline-menu-dark.png' });
    await page.keyboard.press('Escape');
    await expect(menu).toHaveCount(0);
    await node(page, 'make').dblclick();
    const form = page.locator('.elyra-formEditor').first();
    await expect(form).toBeVisible();
    for (const item of await form.locator('label.control-label, input[type="text"], button.jp-mod-styled').all()) {
      expect(await contrast(item)).toBeGreaterThan(4.5);
    }
    await theme(page, 'JupyterLab Light');
  });

  test('a script is dragged from the file browser', async ({ page }) => {
    await page.filebrowser.openDirectory('work');
    await open(page, 'work/sums.pipeline');
    const item = page.locator('.jp-DirListing-item', { hasText: 'wrong.py' });
    await dragTo(page, item, page.locator('.jp-OscarPipeline-host'));
    await expect(nodes(page)).toHaveCount(5);
    await expect(nodes(page).filter({ hasText: 'wrong.py' })).toHaveCount(1);
  });

  test('what is written from outside is shown', async ({ page, request, baseURL }) => {
    await open(page, 'work/sums.pipeline');
    const flow = JSON.parse(SUMS) as { pipelines: { nodes: { id: string; app_data: { label: string } }[] }[] };
    flow.pipelines[0].nodes[3].app_data.label = 'Said outside';
    await put(request, baseURL!, 'work/sums.pipeline', JSON.stringify(flow, null, 2));
    await page.evaluate(() =>
      (window as unknown as ILab).jupyterapp.commands.execute('docmanager:reload').catch(() => 0)
    );
    const dialog = page.getByRole('dialog');
    if (await dialog.isVisible()) {
      await dialog.getByRole('button', { name: /Reload|Revert/ }).click();
    }
    await expect(node(page, 'report')).toContainText('Said outside');
  });

  test('an old file is shown as of today, and is not written', async ({ page, request, baseURL }) => {
    const file = path.join(REAL, 'elyra-examples__v7__drop_even_rows.pipeline');
    test.skip(!fs.existsSync(file), 'SKIPPED: the real pipelines are not beside this checkout');
    const text = fs.readFileSync(file, 'utf8');
    await put(request, baseURL!, 'work/old.pipeline', text);
    await open(page, 'work/old.pipeline');
    const banner = page.locator('.jp-OscarPipeline-banner');
    await expect(banner).toContainText('older version');
    await banner.getByText(/\d+ changes?/).click();
    await expect(banner.getByRole('listitem').first()).toBeVisible();
    await expect(page.locator('.lm-DockPanel-tabBar .jp-mod-dirty')).toHaveCount(0);
    await page.screenshot({ path: 'screenshots/pipeline-old.png' });
    expect(await get(request, baseURL!, 'work/old.pipeline')).toBe(text);
  });

  test('what is no pipeline is said, and stays as it is', async ({ page, request, baseURL }) => {
    await put(request, baseURL!, 'work/broken.pipeline', '{"pipelines": [');
    await page.evaluate(
      file => void (window as unknown as ILab).jupyterapp.commands.execute('docmanager:open', { path: file }),
      'work/broken.pipeline'
    );
    await expect(page.getByText('This file cannot be read as a pipeline')).toBeVisible();
    await expect(page.getByRole('region', { name: 'Problems' })).toContainText('1 error');
  });

  test('check looks into the files, too', async ({ page, request, baseURL }) => {
    await put(request, baseURL!, 'work/missing.pipeline', SUMS.replaceAll('make.py', 'nowhere.py'));
    await open(page, 'work/missing.pipeline');
    await expect(page.getByRole('region', { name: 'Problems' })).toHaveCount(0);
    await button(page, 'Check').click();
    const list = page.getByRole('region', { name: 'Problems' });
    await expect(list).toContainText('nowhere.py');
    await page.screenshot({ path: 'screenshots/pipeline-problems.png' });
    await button(page, 'Run').click();
    await expect(page.getByRole('dialog')).toContainText('cannot run yet');
  });
});
