import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';

import type { Locator, Page } from '@playwright/test';
import { expect as base } from '@playwright/test';

import { plain as test } from '../helpers/fixtures';
import { execute, theme } from '../helpers/fdl';
import type { ILab } from '../helpers/panel';
import { OscarPanel } from '../helpers/panel';

/** Jobs really run here, on whatever else the machine does. */
const expect = base.configure({ timeout: 60000 });

const ROOT = path.resolve(__dirname, '../..');

const SLEEPS = `import time


def task(first, count, ctx):
    for done in range(count):
        time.sleep(0.002)
        ctx.report(done + 1)
        if ctx.should_stop:
            break
    return count
`;

const WORDS = `def mapper(line):
    for word in line.split():
        yield word, 1


def reducer(key, values):
    return sum(values)
`;

/** Right on the sample, wrong on a record far behind it. */
const WRONG = `def mapper(line):
    print("one of", len(line))
    yield "sum", int(line)


def reducer(key, values):
    return sum(values)
`;

interface IRecord {
  id: string;
  state: string;
}

/** The command line beside the server of the tests, as in a terminal of the user. */
async function oscar(...args: string[]): Promise<IRecord> {
  const base = process.env.OSCAR_UI_FOLDER!;
  const run = promisify(execFile);
  const { stdout } = await run(path.join(ROOT, '.venv', 'bin', 'jupyter-oscar'), [...args, '--no-wait', '--json'], {
    cwd: folder(),
    env: {
      ...process.env,
      PYTHONPATH: ROOT,
      JUPYTERLAB_OSCAR_DATA: path.join(base, 'oscar'),
      JUPYTER_RUNTIME_DIR: path.join(base, 'runtime'),
      JUPYTER_CONFIG_DIR: path.join(base, 'config')
    }
  });
  return JSON.parse(stdout) as IRecord;
}

const folder = (): string => path.join(process.env.OSCAR_UI_FOLDER!, 'root', 'jobs');

const row = (page: Page, id: string): Locator => page.locator(`.jp-OscarCompute[data-oscar-compute="${id}"]`);

const view = (page: Page, id: string): Locator =>
  page.locator(`.jp-OscarComputeView[data-oscar-compute="${id}"]:visible`);

/** Wait for JupyterLab, which takes its time on a machine that has much to do. */
async function started(page: Page): Promise<void> {
  await page.waitForFunction(() => (window as unknown as Partial<ILab>).jupyterapp !== undefined, null, {
    timeout: 120000
  });
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 120000 });
}

test.describe('MapReduce and high-throughput jobs', () => {
  test.setTimeout(400000);

  test.beforeAll(() => {
    fs.mkdirSync(folder(), { recursive: true });
    fs.writeFileSync(path.join(folder(), 'sleeps.py'), SLEEPS);
    fs.writeFileSync(path.join(folder(), 'words.py'), WORDS);
    fs.writeFileSync(path.join(folder(), 'wrong.py'), WRONG);
    fs.writeFileSync(path.join(folder(), 'text.txt'), 'to be or not to be\nthat is the question\n'.repeat(20000));
    fs.writeFileSync(path.join(folder(), 'numbers.txt'), `${'12\n'.repeat(60000)}apple\n${'12\n'.repeat(1000)}`);
  });

  test.beforeEach(async ({ page }) => {
    await page.goto('lab?reset');
    await started(page);
    await new OscarPanel(page).ready();
  });

  test('a high-throughput job is watched, paused, resumed, cancelled and retried', async ({ page }) => {
    const { id } = await oscar('htc', 'sleeps.py', '--iterations', '1e6', '--name', 'long sleep');
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'running', { timeout: 60000 });
    await expect(row(page, id)).toContainText('long sleep');
    await expect(row(page, id).getByRole('progressbar')).toBeVisible();
    await row(page, id).getByRole('button', { name: 'long sleep' }).first().click();
    const job = view(page, id);
    await expect(job.getByRole('heading', { name: 'long sleep' })).toBeVisible();
    await expect(job.locator('[data-oscar-phase="htc"]')).toContainText('1,000,000');
    await expect(job.locator('[data-oscar-phase="htc"]')).toContainText('/s', { timeout: 60000 });
    const canvas = job.locator('canvas');
    await expect(canvas).toHaveAttribute('aria-label', /attempts of parts on \d+ worker/, { timeout: 60000 });
    await expect(job.getByRole('table')).toContainText('/s', { timeout: 60000 });
    // Keys alone.
    await canvas.focus();
    const width = async (): Promise<number> =>
      Number(await canvas.getAttribute('data-oscar-to')) - Number(await canvas.getAttribute('data-oscar-from'));
    const before = await width();
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    await expect.poll(width).toBeLessThan(before);
    await page.screenshot({ path: 'screenshots/jobs-running.png' });
    await page.keyboard.press('0');

    await job.getByRole('button', { name: 'Pause' }).click();
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'paused', { timeout: 60000 });
    await job.getByRole('button', { name: 'Go on' }).click();
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'running', { timeout: 60000 });

    await row(page, id).hover();
    await row(page, id).getByRole('button', { name: 'Cancel job long sleep' }).click();
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'cancelled', { timeout: 60000 });
    await expect(job.getByRole('status').first()).toContainText('Cancelled');
    await job.getByRole('button', { name: 'Retry what is missing' }).click();
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'running', { timeout: 60000 });
    await job.getByRole('button', { name: 'Cancel', exact: true }).click();
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'cancelled', { timeout: 60000 });

    // A job that is not there says so.
    const asked = execute(page, 'jupyterlab-oscar:cancel-compute-job', { job: 'htc-none' });
    await expect(page.getByRole('dialog')).toContainText('Job not found');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await asked;
  });

  test('a map-reduce job shows its phases, charts, counters, results, files and log', async ({ page }) => {
    const { id } = await oscar('map-reduce', 'words.py', 'text.txt', '-o', 'counted', '--name', 'words');
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'succeeded', { timeout: 120000 });
    await execute(page, 'jupyterlab-oscar:open-compute-job', { job: id });
    const job = view(page, id);
    await expect(job.getByRole('status').first()).toContainText('8 pairs');
    await expect(job.locator('[data-oscar-phase="map"]')).toContainText('100 %');
    await expect(job.locator('[data-oscar-phase="reduce"]')).toContainText('100 %');
    await expect(job.getByRole('img', { name: /Throughput over/ })).toBeVisible();
    await expect(job.getByRole('img', { name: /parts, half of them within/ })).toBeVisible();
    const counters = job.getByRole('region', { name: 'Counters' });
    await expect(counters).toContainText('40,000');
    await job.getByRole('button', { name: 'Show the results' }).click();
    const results = job.getByRole('region', { name: 'Results', exact: true });
    await expect(results).toBeFocused();
    await expect(results.getByRole('row').filter({ hasText: 'question' })).toContainText('20000');
    await expect(results.getByRole('link').first()).toHaveAttribute('href', new RegExp(`jobs/${id}/files/`));
    const file = await page.request.get((await results.getByRole('link').first().getAttribute('href'))!);
    expect(await file.text()).toContain('20000');
    await job.evaluate(node => node.parentElement!.scrollTo(0, 0));
    await page.screenshot({ path: 'screenshots/jobs-mapreduce.png' });
    await theme(page, 'JupyterLab Dark');
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', 'JupyterLab Dark');
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    await page.screenshot({ path: 'screenshots/jobs-dark.png' });
    await theme(page, 'JupyterLab Light');
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    await page.setViewportSize({ width: 620, height: 900 });
    expect(await job.evaluate(node => node.parentElement!.scrollWidth <= node.parentElement!.clientWidth + 1)).toBe(
      true
    );
    await page.screenshot({ path: 'screenshots/jobs-narrow.png' });
  });

  test('an error shows the lines of the user and the record', async ({ page }) => {
    const { id } = await oscar('map-reduce', 'wrong.py', 'numbers.txt', '-o', 'summed', '--name', 'wrong');
    await expect(row(page, id)).toHaveAttribute('data-oscar-state', 'failed', { timeout: 120000 });
    await expect(row(page, id)).toContainText('ValueError');
    const saved = page.waitForResponse(
      answer => /api\/workspaces/.test(answer.url()) && answer.request().method() === 'PUT'
    );
    await row(page, id).getByRole('button', { name: 'wrong' }).first().click();
    const job = view(page, id);
    await expect(job.getByRole('alert')).toContainText('ValueError: invalid literal');
    await expect(job.getByLabel('Traceback').first()).toContainText('yield "sum", int(line)');
    await expect(job.getByLabel('Record').first()).toContainText('apple');
    await expect(job.getByRole('region', { name: 'Failed parts' })).toContainText('ValueError');
    await expect(job.getByRole('button', { name: 'Retry what is missing' })).toBeVisible();
    await expect(job.getByRole('log')).toContainText('one of 2', { timeout: 30000 });
    await page.screenshot({ path: 'screenshots/jobs-error.png' });
    // The view comes back with the page.
    await saved;
    await page.goto('lab');
    await started(page);
    await expect(view(page, id).getByRole('alert')).toContainText('ValueError');
  });
});
