import type { Locator, Page } from '@playwright/test';
import { expect as base } from '@playwright/test';

import { plain as test } from '../helpers/fixtures';
import { execute, theme } from '../helpers/fdl';
import type { ILab } from '../helpers/panel';

/** The emulator loads for some seconds, on a busy machine for many. */
const expect = base.configure({ timeout: 60000 });

const FDL = `functions:
  aws:
  - lambda:
      name: shout
      runtime: image
      memory: 256
      timeout: 60
      init_script: shout.sh
      container:
        image: docker.io/library/python:3.12-alpine
      input:
      - storage_provider: s3
        path: shout-files/in
      output:
      - storage_provider: s3
        path: shout-files/out
`;

const SCRIPT = `#!/bin/sh
echo "shouting $INPUT_FILE_PATH"
tr a-z A-Z < "$INPUT_FILE_PATH" | tee "$TMP_OUTPUT_DIR/shouted.txt"
`;

/** The same work as a job of Batch. */
const BATCH = FDL.replace('name: shout', 'name: shout-long')
  .replace('runtime: image', 'runtime: python3.12\n      execution_mode: batch')
  .replaceAll('shout-files', 'shout-long-files').concat(`    batch:
      vcpus: 1
      memory: 512
      compute_resources:
        instance_types: [m5.large]
        max_v_cpus: 1
`);

const panel = (page: Page): Locator => page.locator('#jp-scar-panel');

const row = (page: Page, name = 'shout'): Locator => panel(page).locator(`[data-oscar-function="${name}"]`);

const view = (page: Page): Locator => page.locator('.jp-OscarServiceView[data-oscar-function="shout"]:visible');

async function open(page: Page): Promise<void> {
  await page.goto('lab?reset');
  await page.waitForFunction(() => (window as unknown as Partial<ILab>).jupyterapp !== undefined, null, {
    timeout: 120000
  });
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 120000 });
  await page.locator('.jp-SideBar [data-id="jp-scar-panel"]').click();
  await expect(panel(page)).toBeVisible();
}

const state = (page: Page): Locator => panel(page).locator('.jp-OscarCluster-state');

test.describe.serial('functions on AWS, on the local emulator', () => {
  test.setTimeout(300000);

  test('nothing is asked before the panel is opened', async ({ page }) => {
    const calls: string[] = [];
    page.on('request', request => {
      if (request.url().includes('/v1/aws/')) {
        calls.push(request.url());
      }
    });
    await page.goto('lab?reset');
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 120000 });
    await page.locator('.jp-Launcher').waitFor();
    expect(calls).toEqual([]);
  });

  test('without credentials it says how to add them, and offers the emulator', async ({ page }) => {
    await open(page);
    await expect(state(page)).toHaveText('no credentials');
    await expect(panel(page)).toContainText('AWS_ACCESS_KEY_ID');
    await expect(panel(page)).toContainText('aws configure sso');
    await page.screenshot({ path: 'screenshots/scar-no-credentials.png' });
    const answer = await page.request.get('jupyterlab-oscar/v1/aws/emulator');
    const { installed } = (await answer.json()) as { installed: boolean };
    test.skip(!installed, 'SKIPPED: moto is not installed (pip install "jupyterlab-oscar[aws-emulator]").');
    await panel(page).getByRole('button', { name: 'Use the local AWS emulator' }).click();
    await expect(state(page)).toHaveText('emulator', { timeout: 120000 });
    await expect(panel(page).getByRole('note')).toContainText('Local AWS emulator: nothing runs on AWS');
    await expect(panel(page).getByRole('button', { name: 'Deploy an FDL file…' }).last()).toBeVisible();
    await page.screenshot({ path: 'screenshots/scar-empty.png' });
  });

  test('an FDL file is planned and deployed', async ({ page }) => {
    await open(page);
    await expect(state(page)).toHaveText('emulator');
    await page.request.put('api/contents/shout', { data: { type: 'directory' } });
    for (const [name, content] of [
      ['fdl.yaml', FDL],
      ['shout.sh', SCRIPT]
    ]) {
      await page.request.put(`api/contents/shout/${name}`, { data: { type: 'file', format: 'text', content } });
    }
    void execute(page, 'jupyterlab-oscar:deploy-aws', { path: 'shout/fdl.yaml' });
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Deploy shout to the local AWS emulator?');
    await expect(dialog).toContainText('function');
    await expect(dialog).toContainText('shout-files');
    await page.screenshot({ path: 'screenshots/scar-plan.png' });
    await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
    await expect(panel(page)).toBeVisible();
    await expect(row(page)).toHaveAttribute('data-oscar-state', 'active', { timeout: 120000 });
    await expect(row(page)).toContainText('256 MB');
    await expect(row(page)).toContainText('shout-files/in');
    await page.screenshot({ path: 'screenshots/scar-deployed.png' });
  });

  test('it is invoked with text, and its log is followed', async ({ page }) => {
    await open(page);
    await row(page).getByRole('button', { name: 'shout', exact: false }).first().click();
    await expect(view(page).getByRole('note')).toContainText('nothing runs on AWS');
    await expect(view(page)).toContainText('a new file in shout-files/in');
    await page.screenshot({ path: 'screenshots/scar-function.png' });
    await view(page).getByRole('tab', { name: 'Invoke' }).click();
    await view(page).getByRole('textbox', { name: 'Input' }).fill('please be loud');
    await view(page).getByRole('button', { name: 'Invoke', exact: true }).last().click();
    const result = view(page).getByRole('region', { name: 'Result' });
    await expect(result).toContainText('PLEASE BE LOUD', { timeout: 90000 });
    await page.screenshot({ path: 'screenshots/scar-invoke.png' });
    await result.getByRole('button', { name: 'Log of this request' }).click();
    await expect(view(page).getByRole('log')).toContainText('shouting');
    await expect(view(page).getByRole('textbox', { name: 'Request id' })).not.toHaveValue('');
    await page.screenshot({ path: 'screenshots/scar-log.png' });
  });

  test('files that are there already are processed, and what it cost is drawn', async ({ page }) => {
    await open(page);
    await expect(row(page)).toBeVisible();
    for (const name of ['one', 'two', 'three']) {
      const answer = await page.request.put(`jupyterlab-oscar/v1/aws/buckets/shout-files/objects/in/${name}.txt`, {
        headers: { 'Content-Type': 'text/plain' },
        data: `from ${name}`
      });
      expect(answer.ok()).toBe(true);
    }
    await row(page).click({ button: 'right' });
    await page.locator('.lm-Menu-item', { hasText: 'Process existing files…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('shout-files/in');
    await dialog.getByRole('button', { name: 'Process' }).click();
    await expect(panel(page).locator('.jp-OscarCard.jp-mod-done')).toBeVisible({ timeout: 120000 });
    await page.screenshot({ path: 'screenshots/scar-processed.png' });
    await row(page).getByRole('button', { name: 'shout', exact: false }).first().click();
    await view(page).getByRole('tab', { name: 'Metrics' }).click();
    await expect(view(page).getByRole('img', { name: /^Invocations: / })).toBeVisible();
    await page.screenshot({ path: 'screenshots/scar-metrics.png' });
    // Its buckets are in its overview.
    await view(page).getByRole('tab', { name: 'Overview' }).click();
    const bucket = view(page).getByRole('button', { name: 'shout-files', exact: true });
    await bucket.click();
    await view(page).getByRole('button', { name: 'out', exact: true }).click();
    await expect(view(page).locator('a[download]').first()).toBeVisible();
  });

  test('a job of Batch is listed with its state, and opens with its log', async ({ page }) => {
    await open(page);
    await expect(state(page)).toHaveText('emulator');
    await page.request.put('api/contents/shout/batch.yaml', { data: { type: 'file', format: 'text', content: BATCH } });
    void execute(page, 'jupyterlab-oscar:deploy-aws', { path: 'shout/batch.yaml' });
    await page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }).click();
    await expect(row(page, 'shout-long')).toHaveAttribute('data-oscar-state', 'active');
    const answer = await page.request.put('jupyterlab-oscar/v1/aws/buckets/shout-long-files/objects/in/a.txt', {
      headers: { 'Content-Type': 'text/plain' },
      data: 'be loud for long'
    });
    expect(answer.ok()).toBe(true);
    const job = panel(page).locator('[data-oscar-batch]');
    // A bucket tells the page nothing of what it starts.
    await expect(async () => {
      await execute(page, 'jupyterlab-oscar:refresh-aws');
      await expect(job).toHaveAttribute('data-oscar-state', 'succeeded', { timeout: 1000 });
    }).toPass({ timeout: 60000 });
    await job.getByRole('button', { name: 'shout-long' }).first().click();
    const shown = page.locator('.jp-OscarServiceView:visible');
    await expect(shown.getByRole('status').first()).toContainText('Done');
    await expect(shown.getByRole('log')).toContainText('shouting');
    await page.screenshot({ path: 'screenshots/scar-batch.png' });
  });

  test('a file with services and functions has one plan that says where both go', async ({ page }) => {
    await open(page);
    await expect(state(page)).toHaveText('emulator');
    void execute(page, 'jupyterlab-oscar:deploy-aws', { path: 'services/edge-to-cloud/fdl.yaml' });
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Deploy edge-grey, cloud-edges to Local cluster and the local AWS emulator?');
    await expect(dialog).toContainText('service edge-grey');
    await expect(dialog).toContainText('function cloud-edges');
    await page.screenshot({ path: 'screenshots/scar-hybrid.png' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toHaveCount(0);
  });

  test('light, dark, high contrast and narrow', async ({ page }) => {
    await open(page);
    await row(page).getByRole('button', { name: 'shout', exact: false }).first().click();
    await expect(view(page)).toBeVisible();
    for (const [name, file] of [
      ['JupyterLab Dark', 'scar-dark'],
      ['JupyterLab Dark High Contrast', 'scar-contrast']
    ]) {
      await theme(page, name);
      await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
      await page.screenshot({ path: `screenshots/${file}.png` });
    }
    await theme(page, 'JupyterLab Light');
    await page.setViewportSize({ width: 640, height: 800 });
    await page.screenshot({ path: 'screenshots/scar-narrow.png' });
    const overflow = await panel(page).evaluate(node => node.scrollWidth - node.clientWidth);
    expect(overflow).toBeLessThanOrEqual(1);
  });

  test('a delete says what goes and what stays', async ({ page }) => {
    await open(page);
    await row(page).getByRole('button', { name: 'shout', exact: false }).first().focus();
    await page.keyboard.press('Delete');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('These go:');
    await expect(dialog).toContainText('These stay:');
    await expect(dialog).toContainText('shout-files');
    await page.screenshot({ path: 'screenshots/scar-delete.png' });
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(row(page)).toHaveCount(0, { timeout: 90000 });
  });

  test('leaving the emulator goes back to AWS', async ({ page }) => {
    await open(page);
    await panel(page).getByRole('button', { name: 'Leave' }).click();
    await expect(state(page)).toHaveText('no credentials');
    await expect(panel(page).getByRole('note')).toHaveCount(0);
  });
});
