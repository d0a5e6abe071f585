import type { Locator, Page } from '@playwright/test';
import { expect as base } from '@playwright/test';

import { plain as test } from '../helpers/fixtures';
import { serveCluster } from '../helpers/cluster';
import { execute, theme } from '../helpers/fdl';
import { haveIm, startIm } from '../helpers/im';
import type { ILab } from '../helpers/panel';
import { OscarPanel } from '../helpers/panel';

const expect = base.configure({ timeout: 60000 });

const PASSWORD = 'a-password-of-the-test-9';

const section = (page: Page): Locator => page.locator('.jp-OscarInfrastructures');

const wizard = (page: Page): Locator => page.locator('.jp-OscarWizard:visible');

const view = (page: Page): Locator => page.locator('.jp-OscarInfraView:visible');

const row = (page: Page): Locator => section(page).locator('.jp-OscarInfrastructure');

async function open(page: Page): Promise<void> {
  await page.goto('lab?reset');
  await page.waitForFunction(() => (window as unknown as Partial<ILab>).jupyterapp !== undefined, null, {
    timeout: 120000
  });
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 120000 });
  await new OscarPanel(page).ready();
}

/** The section is folded until it is wanted. */
async function unfold(page: Page): Promise<void> {
  await page.locator('#jp-oscar-panel').getByText('Infrastructures', { exact: true }).click();
  await expect(section(page)).toBeVisible();
}

const step = (page: Page, name: string): Locator => view(page).locator(`[data-oscar-step="${name}"]`);

const next = (page: Page): Promise<void> => wizard(page).getByRole('button', { name: 'Next' }).click();

test('no cloud is asked before the section is opened, which then says what can be done', async ({ page }) => {
  test.setTimeout(180000);
  const calls: string[] = [];
  page.on('request', request => {
    if (/\/v1\/(infrastructures|im|tokens)/.test(request.url())) {
      calls.push(request.url());
    }
  });
  await open(page);
  expect(calls).toEqual([]);
  await page.screenshot({ path: 'screenshots/infrastructure-folded.png' });
  await unfold(page);
  await expect(section(page).getByRole('button', { name: 'New cluster' }).last()).toBeVisible();
  await page.screenshot({ path: 'screenshots/infrastructure-empty.png' });

  // A cluster where there is no cloud: files and steps.
  await section(page).getByRole('button', { name: 'Add an existing cluster' }).click();
  await wizard(page).getByLabel('Machines, one on each line').fill('pi@10.0.0.2\npi@10.0.0.3');
  await wizard(page)
    .getByRole('checkbox', { name: /ARM machines/ })
    .check();
  await wizard(page).getByRole('button', { name: 'Make the files' }).click();
  await expect(wizard(page).getByRole('region', { name: 'What to do' })).toBeVisible();
  await expect(wizard(page).locator('.jp-OscarFile').filter({ hasText: '10.0.0.3' }).first()).toBeVisible();
  await wizard(page).getByRole('button', { name: 'Save the files here' }).click();
  await expect(wizard(page).getByText(/^Saved in /)).toBeVisible();
  await page.screenshot({ path: 'screenshots/infrastructure-existing.png' });

  // A token is typed unseen, and one that is none is refused with the reason.
  void execute(page, 'jupyterlab-oscar:paste-token');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Token')).toHaveAttribute('type', 'password');
  await dialog.getByLabel('Token').fill('this is no token');
  await dialog.getByRole('button', { name: 'Use' }).click();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Close' })).toBeVisible();
  await page.screenshot({ path: 'screenshots/infrastructure-token.png' });
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
});

test.describe.serial('a cluster on the Dummy cloud of the real Infrastructure Manager', () => {
  test.setTimeout(400000);
  test.skip(!haveIm(), 'SKIPPED: IM is not installed; the tests of backend-bridge/test/infrastructure install it.');

  let im: Awaited<ReturnType<typeof startIm>> | undefined;
  let cluster: Awaited<ReturnType<typeof serveCluster>> | undefined;
  test.beforeAll(async () => {
    test.setTimeout(300000);
    im = await startIm();
    cluster = await serveCluster(PASSWORD);
  });
  test.afterAll(async ({ request }) => {
    // Whatever failed, the tests that follow find the local cluster.
    await request.post('jupyterlab-oscar/v1/clusters/local/use');
    await request.delete('jupyterlab-oscar/v1/clusters/lab');
    await im?.stop();
    await cluster?.stop();
  });

  test('goes from nothing to a service on the new cluster', async ({ page }) => {
    await open(page);
    await unfold(page);
    await section(page).getByRole('button', { name: 'New cluster' }).last().click();
    await expect(wizard(page).getByRole('radio').first()).toBeChecked();
    await page.screenshot({ path: 'screenshots/infrastructure-template.png' });
    await wizard(page)
      .getByRole('radio', { name: /Rehearsal/ })
      .check();
    await next(page);

    // Which Infrastructure Manager, and as whom.
    await wizard(page).getByRole('button', { name: 'Set…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Address of the Infrastructure Manager').fill(im!.url);
    await dialog.getByLabel('User (with a token: leave empty)').fill('ada');
    await dialog.getByLabel('Password').fill('password-of-ada');
    await dialog.getByRole('button', { name: 'Use' }).click();
    await expect(wizard(page)).toContainText('works');

    const form = wizard(page).getByRole('form', { name: 'Credentials of a cloud' });
    await form.getByLabel('Kind of cloud').selectOption('OpenStack');
    for (const input of await form.locator('input[type=password]').all()) {
      await expect(input).toHaveValue('');
    }
    await page.screenshot({ path: 'screenshots/infrastructure-cloud.png' });
    await form.getByLabel('Kind of cloud').selectOption('Dummy');
    await form.getByRole('button', { name: 'Keep' }).click();
    await expect(wizard(page).getByRole('radio', { name: 'dummy' })).toBeChecked();
    await wizard(page).getByRole('button', { name: 'Test' }).click();
    await expect(wizard(page).getByText('It works.')).toBeVisible();
    await next(page);

    await wizard(page).getByLabel('Name', { exact: false }).first().fill('lab');
    await expect(wizard(page).getByRole('tab', { name: 'Machines' })).toBeVisible();
    await page.screenshot({ path: 'screenshots/infrastructure-size.png' });
    await wizard(page).getByRole('tab', { name: 'Access' }).click();
    await wizard(page).locator('#oscar-wizard-oscar_password').fill(PASSWORD);
    await next(page);

    await wizard(page)
      .getByLabel(/Address of its OSCAR/)
      .fill(cluster!.endpoint);
    await wizard(page)
      .getByRole('checkbox', { name: /Let a cow say it/ })
      .check();
    await page.screenshot({ path: 'screenshots/infrastructure-services.png' });
    await next(page);

    await expect(wizard(page).getByRole('table', { name: 'Machines' })).toContainText('front');
    await expect(wizard(page).getByRole('region', { name: 'Quota' })).toContainText('cores');
    expect(await page.content()).not.toContain(PASSWORD);
    await page.screenshot({ path: 'screenshots/infrastructure-plan.png' });
    await wizard(page).getByRole('button', { name: 'Create lab' }).click();

    await expect(view(page)).toBeVisible();
    await expect(step(page, 'create')).toBeVisible();
    await page.screenshot({ path: 'screenshots/infrastructure-creating.png' });
    await expect(step(page, 'configure')).toHaveClass(/jp-mod-done/, { timeout: 120000 });
    await expect(step(page, 'register')).toHaveClass(/jp-mod-done/, { timeout: 120000 });
    await expect(step(page, 'deploy')).toHaveClass(/jp-mod-done/, { timeout: 240000 });
    await expect(view(page).getByRole('button', { name: 'Use cluster lab' })).toBeVisible();
    await expect(page.getByRole('combobox', { name: 'Cluster' })).toHaveValue('lab');
    await expect(new OscarPanel(page).service('cowsay')).toBeVisible();
    await page.screenshot({ path: 'screenshots/infrastructure-ready.png' });
  });

  test('workers are added, machines are seen, and the front end stays', async ({ page }) => {
    await open(page);
    await execute(page, 'jupyterlab-oscar:use-cluster', { cluster: 'local' });
    await unfold(page);
    await row(page).getByRole('button', { name: 'lab' }).first().click();
    await expect(view(page).getByRole('region', { name: 'Machines' }).locator('tbody tr')).toHaveCount(2);
    await expect(view(page).getByText('estimate')).toBeVisible();
    await view(page).getByRole('spinbutton', { name: 'Number of workers' }).fill('2');
    await view(page).getByRole('button', { name: 'Add 1 worker' }).click();
    const machines = view(page).getByRole('region', { name: 'Machines' });
    await expect(machines.locator('tr[data-oscar-state="configured"]')).toHaveCount(3, { timeout: 120000 });
    await expect(machines).toContainText('front end');
    await view(page).getByRole('button', { name: 'Get user and password' }).click();
    await expect(view(page).getByRole('button', { name: 'Copy the password' })).toBeVisible();
    expect(await page.content()).not.toContain(PASSWORD);
  });

  test('light, dark, high contrast and narrow', async ({ page }) => {
    await open(page);
    await unfold(page);
    await row(page).getByRole('button', { name: 'lab' }).first().click();
    await expect(view(page)).toBeVisible();
    await page.screenshot({ path: 'screenshots/infrastructure-light.png' });
    for (const [name, file] of [
      ['JupyterLab Dark', 'infrastructure-dark'],
      ['JupyterLab Dark High Contrast', 'infrastructure-contrast']
    ]) {
      await theme(page, name);
      await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
      await page.screenshot({ path: `screenshots/${file}.png` });
    }
    await theme(page, 'JupyterLab Light');
    await page.setViewportSize({ width: 640, height: 800 });
    await page.screenshot({ path: 'screenshots/infrastructure-narrow.png' });
    const overflow = await section(page).evaluate(node => node.scrollWidth - node.clientWidth);
    expect(overflow).toBeLessThanOrEqual(1);
  });

  test('a delete asks for the name, and is followed until it is gone', async ({ page }) => {
    await open(page);
    await unfold(page);
    await row(page).getByRole('button', { name: 'lab' }).first().focus();
    await page.keyboard.press('Delete');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/Type its name/).fill('not it');
    await page.screenshot({ path: 'screenshots/infrastructure-delete.png' });
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByText(/Nothing was deleted/)).toBeVisible();
    await expect(row(page)).toHaveAttribute('data-oscar-state', 'configured');
    await row(page).getByRole('button', { name: 'Delete lab…' }).click();
    await dialog.getByLabel(/Type its name/).fill('lab');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(row(page)).toHaveCount(0, { timeout: 120000 });
    await expect(section(page).getByRole('button', { name: 'New cluster' }).last()).toBeVisible();
  });

  test('a server that is gone is told, and what is known stays', async ({ page }) => {
    await im!.stop();
    im = undefined;
    await open(page);
    await unfold(page);
    await expect(section(page).getByRole('alert')).toBeVisible();
    await page.screenshot({ path: 'screenshots/infrastructure-unreachable.png' });
  });
});
