import { expect, test } from '../helpers/fixtures';
import type { ILab } from '../helpers/panel';
import { SUMS, begin, button, get, node, open, put, run, start, step, theme } from '../helpers/pipelines';

test.describe('Runs of pipelines', () => {
  test.beforeEach(async ({ page, request, baseURL }) => {
    await begin(page, request, baseURL!);
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
