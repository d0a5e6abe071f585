import * as fs from 'node:fs';
import * as path from 'node:path';

import type { Locator, Page } from '@playwright/test';

import { expect, test } from '../helpers/fixtures';
import type { ILab } from '../helpers/panel';
import { dragTo, OscarPanel } from '../helpers/panel';
import { command, notebook, pipeline, script } from '../helpers/pipeline';

/** A pipeline that really runs: numbers, their sum in a notebook, the last of them in a shell, a report of both. */
const SUMS = pipeline({
  name: 'sums',
  parameters: [{ name: 'count', default_value: { type: 'Integer', value: 10 } }],
  nodes: [
    script('make', 'make.py', { at: [60, 120], outputs: ['numbers.txt'], pipeline_parameters: ['count'] }),
    notebook('sum', 'sum.ipynb', { at: [320, 40], outputs: ['sum.txt'], after: ['make'] }),
    command('last', 'tail -n 3 numbers.txt | tee last.txt', { at: [320, 200], outputs: ['last.txt'], after: ['make'] }),
    script('report', 'report.py', { at: [580, 120], outputs: ['report.md'], after: ['sum', 'last'] })
  ]
});

const FILES: Record<string, string> = {
  'sums.pipeline': SUMS,
  'make.py':
    "import os\nn = int(os.environ['count'])\nopen('numbers.txt', 'w').write('\\n'.join(map(str, range(1, n + 1))) + '\\n')\n",
  'report.py':
    "total, last = open('sum.txt').read(), open('last.txt').read().split()\nopen('report.md', 'w').write(f'Sum {total}, last {last}')\n",
  'slow.pipeline': pipeline({
    name: 'slow',
    nodes: [
      command('sleeps', 'echo begun; sleep 300', { at: [60, 80] }),
      command('never', 'true', { at: [300, 80], after: ['sleeps'] })
    ]
  }),
  'wrong.py': "import sys\nprint('on purpose')\nsys.exit(3)\n",
  'wrong.pipeline': pipeline({
    name: 'wrong',
    nodes: [
      command('first', 'echo a > a.txt', { at: [60, 80], outputs: ['a.txt'] }),
      script('breaks', 'wrong.py', { at: [300, 80], after: ['first'] }),
      command('after', 'cat a.txt', { at: [540, 80], after: ['breaks'] })
    ]
  }),
  'sum.ipynb': JSON.stringify({
    cells: [
      {
        cell_type: 'code',
        execution_count: null,
        id: 'only',
        metadata: {},
        outputs: [],
        source:
          "total = sum(map(int, open('numbers.txt')))\nopen('sum.txt', 'w').write(str(total))\nprint('total', total)"
      }
    ],
    metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' } },
    nbformat: 4,
    nbformat_minor: 5
  })
};

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
    for (const [name, content] of Object.entries(FILES)) {
      await put(request, baseURL!, `work/${name}`, content);
    }
    await page.goto('?reset');
    await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
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

  test('export writes FDL beside the pipeline and asks before it writes over', async ({ page, request, baseURL }) => {
    await open(page, 'work/sums.pipeline');
    await button(page, 'Export FDL').click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Exported to work/sums-fdl');
    await expect(dialog.getByRole('row')).toHaveCount(5);
    await page.screenshot({ path: 'screenshots/pipeline-export.png' });
    await dialog.getByRole('button', { name: 'Close' }).click();
    expect(await get(request, baseURL!, 'work/sums-fdl/fdl.yaml')).toContain('functions:');
    await button(page, 'Export FDL').click();
    await expect(dialog).toContainText('Write over sums-fdl?');
    await dialog.getByRole('button', { name: 'Overwrite' }).click();
    await expect(dialog).toContainText('Exported to');
    await dialog.getByRole('button', { name: 'Open FDL' }).click();
    await expect(page.getByRole('tab', { name: 'fdl.yaml' })).toBeVisible();
  });

  test('a run is followed to its end, its notebook opened, and it is there after a reload', async ({ page }) => {
    test.setTimeout(240000);
    await page.sidebar.close('left');
    await open(page, 'work/sums.pipeline');
    await page.screenshot({ path: 'screenshots/pipeline.png' });
    await start(page, async dialog => dialog.getByLabel('count').fill('20'));
    await expect(run(page)).toHaveAttribute('data-oscar-state', 'done', { timeout: 120000 });
    await expect(page.locator('.jp-OscarRunNode[data-oscar-state="done"]')).toHaveCount(4);
    await step(page, 'report').click();
    await expect(page.getByText('Sum 210, last')).toBeVisible();
    await page.screenshot({ path: 'screenshots/pipeline-run.png' });
    await step(page, 'last').click();
    await expect(page.getByRole('log')).toContainText('18');
    await step(page, 'sum').click();
    await page.getByRole('button', { name: 'Open the executed notebook' }).click();
    await expect(page.locator('.jp-NotebookPanel .jp-OutputArea-output')).toContainText('total 210');

    await theme(page, 'JupyterLab Dark');
    await page.locator('.lm-DockPanel-tabBar .lm-TabBar-tab', { hasText: 'Runs of' }).click();
    await page.screenshot({ path: 'screenshots/pipeline-run-dark.png' });
    await page.locator('.lm-DockPanel-tabBar .lm-TabBar-tab', { hasText: /^sums.pipeline/ }).click();
    await node(page, 'make').dblclick();
    await expect(page.locator('.elyra-formEditor').first()).toBeVisible();
    await page.screenshot({ path: 'screenshots/pipeline-dark.png' });
    await theme(page, 'JupyterLab Light');

    await page.reload();
    await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
    await page.evaluate(
      () =>
        void (window as unknown as ILab).jupyterapp.commands.execute('jupyterlab-oscar:pipeline-runs', {
          path: 'work/sums.pipeline'
        })
    );
    await expect(run(page)).toHaveAttribute('data-oscar-state', 'done');
    await page.setViewportSize({ width: 700, height: 800 });
    await page.screenshot({ path: 'screenshots/pipeline-run-narrow.png' });
  });

  test('a failure is shown where it is; mended, the run goes on from there', async ({ page, request, baseURL }) => {
    test.setTimeout(240000);
    await page.sidebar.close('left');
    await open(page, 'work/wrong.pipeline');
    await start(page);
    await expect(run(page)).toHaveAttribute('data-oscar-state', 'failed', { timeout: 120000 });
    await expect(step(page, 'breaks')).toHaveAttribute('data-oscar-state', 'failed');
    await expect(step(page, 'after')).toHaveAttribute('data-oscar-state', 'skipped');
    await expect(page.locator('.jp-OscarRunDetail')).toContainText('exit code 3');
    await expect(page.getByRole('log')).toContainText('on purpose');
    await page.screenshot({ path: 'screenshots/pipeline-run-failed.png' });

    await put(request, baseURL!, 'work/wrong.py', "print('mended')\n");
    await page.getByRole('button', { name: 'Run again from what failed' }).click();
    await expect(run(page)).toHaveAttribute('data-oscar-state', 'done', { timeout: 120000 });
    await expect(step(page, 'first')).not.toContainText('attempt');
    await expect(step(page, 'breaks')).toContainText('attempt 2');
  });

  test('deployed first, a run makes nothing again; two runs at once keep their own numbers', async ({
    page,
    request,
    baseURL
  }) => {
    test.setTimeout(240000);
    const pair = SUMS.replace('"name": "sums"', '"name": "pair"');
    expect(pair).not.toBe(SUMS);
    await put(request, baseURL!, 'work/pair.pipeline', pair);
    await page.filebrowser.openDirectory('work');
    await open(page, 'work/pair.pipeline');
    await button(page, 'Deploy').click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Deploy pair to Local cluster?');
    await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
    const services = async (): Promise<string[]> => {
      const answer = await request.get(`${baseURL}/jupyterlab-oscar/v1/clusters/local/services`);
      const { items } = (await answer.json()) as { items: { name: string; state: string }[] };
      return items.filter(item => /^pair-.*/.test(item.name) && item.state === 'ready').map(item => item.name);
    };
    await expect.poll(services, { timeout: 60000 }).toHaveLength(4);
    const made = (await services()).sort();

    // From the file browser, and once more before the first is done.
    for (const count of ['20', '30']) {
      await page.sidebar.openTab('filebrowser');
      await page.locator('.jp-DirListing-item', { hasText: 'pair.pipeline' }).click({ button: 'right' });
      await page.getByRole('menuitem', { name: 'Run on cluster…' }).click();
      await expect(dialog).toContainText('Run pair on Local cluster?');
      await dialog.getByLabel('count').fill(count);
      await dialog.getByRole('button', { name: 'Run', exact: true }).click();
      await expect(run(page)).toContainText(`count = ${count}`);
    }
    await page.sidebar.close('left');
    const rows = page.locator('.jp-OscarRunRow');
    await expect(rows).toHaveCount(2);
    for (const [row, sum] of [
      [0, 'Sum 465'],
      [1, 'Sum 210']
    ] as const) {
      await rows.nth(row).locator('button').first().click();
      await expect(run(page)).toHaveAttribute('data-oscar-state', 'done', { timeout: 120000 });
      await step(page, 'report').click();
      await expect(page.getByText(sum)).toBeVisible();
    }
    expect((await services()).sort()).toEqual(made);
  });

  test('a run is cancelled, and can go on', async ({ page }) => {
    await page.sidebar.close('left');
    await open(page, 'work/slow.pipeline');
    await start(page);
    await expect(step(page, 'sleeps')).toHaveAttribute('data-oscar-state', 'running', { timeout: 60000 });
    await expect(page.getByRole('log')).toContainText('begun');
    await page.screenshot({ path: 'screenshots/pipeline-run-running.png' });
    await run(page).getByRole('button', { name: 'Cancel' }).click();
    await expect(run(page)).toHaveAttribute('data-oscar-state', 'cancelled', { timeout: 30000 });
    await expect(step(page, 'sleeps')).toHaveAttribute('data-oscar-state', 'cancelled');
    await expect(step(page, 'never')).not.toHaveAttribute('data-oscar-state', 'done');
    await expect(run(page).getByRole('button', { name: 'Run again from what failed' })).toBeVisible();
  });

  test('a script becomes a service from the file browser', async ({ page, request, baseURL }) => {
    await put(
      request,
      baseURL!,
      'work/shout.py',
      'import os\nprint(open(os.environ["INPUT_FILE_PATH"]).read().upper())\n'
    );
    await page.filebrowser.openDirectory('work');
    await page.locator('.jp-DirListing-item', { hasText: 'shout.py' }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Deploy as service…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByLabel('Name')).toHaveValue('shout');
    await dialog.getByRole('button', { name: 'Next' }).click();
    await expect(dialog).toContainText('Deploy shout to Local cluster?');
    await page.screenshot({ path: 'screenshots/pipeline-pack.png' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await get(request, baseURL!, 'work/shout/fdl.yaml')).toContain('shout');
  });

  test('a new pipeline begins in the launcher', async ({ page }) => {
    await page.locator('.jp-LauncherCard', { hasText: 'New pipeline' }).click();
    await expect(page.locator('.jp-OscarPipeline-empty')).toBeVisible();
    await expect(page.locator('.lm-DockPanel-tabBar .jp-mod-dirty')).toHaveCount(0);
  });
});

type Request = import('@playwright/test').APIRequestContext;

async function put(request: Request, base: string, file: string, content: string): Promise<void> {
  const folder = path.posix.dirname(file);
  await request.put(`${base}/api/contents/${folder}`, { data: { type: 'directory' } });
  const answer = await request.put(`${base}/api/contents/${file}`, {
    data: { type: 'file', format: 'text', content }
  });
  expect(answer.ok()).toBe(true);
}

async function get(request: Request, base: string, file: string): Promise<string> {
  const answer = await request.get(`${base}/api/contents/${file}?type=file&format=text`);
  return ((await answer.json()) as { content: string }).content;
}

async function open(page: Page, file: string): Promise<void> {
  await page.evaluate(
    at => void (window as unknown as ILab).jupyterapp.commands.execute('docmanager:open', { path: at }),
    file
  );
  await expect(page.locator('.jp-OscarPipeline-host .d3-svg-canvas-div')).toBeVisible({ timeout: 60000 });
}

async function start(page: Page, fill: (dialog: Locator) => Promise<void> = async () => undefined): Promise<void> {
  await button(page, 'Run').click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(/Run .* on Local cluster\?/);
  await fill(dialog);
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(run(page)).toBeVisible({ timeout: 60000 });
}

async function theme(page: Page, name: string): Promise<void> {
  await page.evaluate(
    wanted => (window as unknown as ILab).jupyterapp.commands.execute('apputils:change-theme', { theme: wanted }),
    name
  );
  await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
}

async function save(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as ILab).jupyterapp.commands.execute('docmanager:save'));
  await expect(page.locator('.lm-DockPanel-tabBar .jp-mod-dirty')).toHaveCount(0);
}

/** Of the canvas's library, and of nothing else. */
const CANVAS = /d3-svg-canvas-div|bx--text-input/;

/** What was loaded, by its address. */
async function bodies(page: Page, urls: readonly string[]): Promise<Map<string, string>> {
  const scripts = [...new Set(urls)].filter(url => /\.js(\?|$)/.test(url));
  return new Map(
    await Promise.all(scripts.map(async url => [url, await (await page.request.get(url)).text()] as const))
  );
}

/** How parts of JupyterLab and plain HTML look: every computed property. */
function looks(page: Page): Promise<unknown> {
  return page.evaluate(() => {
    if (!document.getElementById('oscar-probe')) {
      const probe = document.createElement('div');
      probe.id = 'oscar-probe';
      probe.style.cssText = 'position: absolute; width: 600px; left: -1000px; top: 0';
      probe.innerHTML =
        '<button class="jp-mod-styled">a</button><button class="jp-Button jp-mod-minimal">a</button><input class="jp-mod-styled" value="a"><input type="checkbox"><select class="jp-mod-styled"><option>a</select><textarea>a</textarea><a href="#">a</a><h1>a</h1><h3>a</h3><p>a</p><ul><li>a</ul><table><tr><th>a<td>a</table><pre>a</pre><code>a</code><label>a</label><fieldset><legend>a</legend></fieldset><svg width="9" height="9"><text>a</text><path d="M0 0"/></svg>';
      document.body.append(probe);
    }
    const SIZE = /^(block-size|height|perspective-origin|transform-origin):/;
    const elements = [
      document.documentElement,
      document.body,
      ...document.querySelectorAll(
        '#oscar-probe *, .lm-MenuBar-item, .jp-FileBrowser button, #jp-top-panel, .jp-DirListing-header'
      )
    ];
    return elements.map(element => {
      const style = getComputedStyle(element);
      return (
        [
          element.tagName,
          element.className.toString(),
          ...[...style].map(name => `${name}: ${style.getPropertyValue(name)}`)
        ]
          // FAST sets the theme's values on elements as they are first used, and a tooltip at the end of the page gives the page a height.
          .filter(line => !line.startsWith('--') && !(element.contains(document.body) && SIZE.test(line)))
      );
    });
  });
}

/** Of the words of an element against what is behind them (WCAG). */
function contrast(item: Locator): Promise<number> {
  return item.evaluate(element => {
    const channels = (text: string): number[] => (text.match(/[\d.]+/g) ?? []).map(Number);
    const light = ([r, g, b]: number[]): number => {
      const [x, y, z] = [r, g, b].map(value => {
        const part = value / 255;
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    let behind: Element | null = element;
    let ground = channels(getComputedStyle(element).backgroundColor);
    while (behind && ground[3] === 0) {
      behind = behind.parentElement;
      ground = behind ? channels(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
    }
    const a = light(channels(getComputedStyle(element).color));
    const b = light(ground);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
}

function nodes(page: Page): Locator {
  return page.locator('.jp-OscarPipeline-host .d3-node-group');
}

function node(page: Page, id: string): Locator {
  return page.locator(`.jp-OscarPipeline-host .d3-node-group[data-id$="_${id}"]`);
}

function run(page: Page): Locator {
  return page.locator('.jp-OscarRun');
}

function step(page: Page, id: string): Locator {
  return page.locator(`.jp-OscarRunNode[data-oscar-node="${id}"]`);
}

function button(page: Page, name: string): Locator {
  return page.locator('.jp-OscarPipelineDocument .jp-Toolbar').getByRole('button', { name, exact: true });
}
