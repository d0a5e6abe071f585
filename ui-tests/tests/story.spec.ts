import { expect, test } from '../helpers/fixtures';

import type { ILab } from '../helpers/panel';
import { dragTo, OscarPanel } from '../helpers/panel';

test.describe.serial('The story with the mouse', () => {
  let panel: OscarPanel;

  test.beforeEach(async ({ page }) => {
    await page.goto('?reset');
    panel = new OscarPanel(page);
    await panel.ready();
  });

  test('ocr reads a scanned page: deploy, try it, see text and boxes', async ({ page }) => {
    // Its environment is made at the first deploy, when set-up has not made it.
    test.setTimeout(600000);
    await panel.empty();
    await panel.root.getByRole('button', { name: /Read text in pictures/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }).click();
    await expect(panel.service('ocr')).toHaveAttribute('data-oscar-state', 'ready', { timeout: 500000 });
    await panel.root.getByRole('button', { name: 'Try it with page.png' }).click();
    const view = page.locator('.jp-OscarJobView');
    await expect(view.locator('.jp-OscarHead-facts')).toContainText('Done', { timeout: 120000 });
    await expect(view).toContainText('Region-based segmentation');
    await expect(view.locator('.jp-OscarFile-body img')).toBeVisible();
    await page.screenshot({ path: 'screenshots/ocr.png' });
    await page.evaluate(() =>
      (window as unknown as ILab).jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })
    );
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', 'JupyterLab Dark');
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    await page.screenshot({ path: 'screenshots/ocr-dark.png' });
    // The next test begins with an empty cluster again.
    await panel.empty();
  });

  test('an example is deployed from the empty panel', async ({ page }) => {
    const example = panel.root.getByRole('button', { name: /Make pictures grey/ });
    await expect(example).toContainText('21 MB');
    await page.screenshot({ path: 'screenshots/empty.png' });
    await example.click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Deploy grayify to Local cluster?');
    await expect(dialog.getByRole('listitem').filter({ hasText: 'service' }).first()).toContainText('grayify');
    await page.screenshot({ path: 'screenshots/plan.png' });
    await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
    await expect(panel.service('grayify')).toHaveAttribute('data-oscar-state', 'ready', { timeout: 120000 });
  });

  test('a picked file becomes a job with a live log and its picture', async ({ page }) => {
    await panel.service('grayify').hover();
    await panel.root.getByRole('button', { name: 'Run grayify with a file…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.jp-DirListing-item', { hasText: 'data' }).first().dblclick();
    await dialog.locator('.jp-DirListing-item', { hasText: 'chelsea.png' }).click();
    await dialog.getByRole('button', { name: 'Select' }).click();
    await expect(panel.jobs.first()).toContainText('chelsea.png');
    const view = page.locator('.jp-OscarJobView');
    await expect(view.getByRole('heading', { name: 'chelsea.png' })).toBeVisible();
    await expect(view.locator('.jp-OscarHead-facts')).toContainText('Done', { timeout: 60000 });
    const picture = view.locator('.jp-OscarFile-body img');
    await expect(picture).toBeVisible();
    expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100);
    await expect(view.getByRole('log')).not.toBeEmpty();
    await page.screenshot({ path: 'screenshots/job.png' });
  });

  test('a file of the file browser is dropped on the service', async ({ page }) => {
    await panel.service('grayify').getByRole('button', { name: 'grayify', exact: true }).click();
    await page.sidebar.openTab('filebrowser');
    await page.locator('#filebrowser .jp-DirListing-item', { hasText: 'data' }).first().dblclick();
    const file = page.locator('#filebrowser .jp-DirListing-item', { hasText: 'rocket.jpg' });
    await dragTo(page, file, page.locator('.jp-OscarDrop'));
    await expect(page.getByRole('heading', { name: 'rocket.jpg' })).toBeVisible();
    await expect(page.locator('.jp-OscarHead-facts').last()).toContainText('Done', { timeout: 60000 });

    // On a row of the panel, too, when both can be seen.
    await page.evaluate(() => {
      const { shell } = (window as unknown as ILab).jupyterapp;
      shell.add(
        [...shell.widgets('left')].find(widget => widget.id === 'jp-oscar-panel')!,
        'right'
      );
    });
    await page.locator('.jp-SideBar.jp-mod-right [data-id="jp-oscar-panel"]').click();
    await expect(panel.jobs).toHaveCount(2);
    await dragTo(page, file, panel.service('grayify'));
    await expect(panel.jobs).toHaveCount(3);
    await expect(panel.jobs.first()).toContainText('rocket.jpg');
    await expect(panel.jobs.first().getByRole('img', { name: 'Done' })).toBeVisible({ timeout: 60000 });
  });

  test('a file of the desktop is uploaded in parts', async ({ page }) => {
    await page.evaluate(name => {
      const row = document.querySelector(`[data-oscar-service="${name}"]`)!;
      const box = row.getBoundingClientRect();
      const canvas = Object.assign(document.createElement('canvas'), { width: 1800, height: 1200 });
      const context = canvas.getContext('2d')!;
      const noise = context.createImageData(1800, 1200);
      // Noise does not shrink: the file is larger than one part.
      for (let index = 0; index < noise.data.length; index++) {
        noise.data[index] = index % 4 === 3 ? 255 : Math.random() * 256;
      }
      context.putImageData(noise, 0, 0);
      return new Promise<void>(resolve =>
        canvas.toBlob(blob => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([blob!], 'from desktop.png', { type: 'image/png' }));
          const at = {
            clientX: box.x + 60,
            clientY: box.y + 8,
            bubbles: true,
            cancelable: true,
            dataTransfer: transfer
          };
          row.dispatchEvent(new DragEvent('dragover', at));
          row.dispatchEvent(new DragEvent('drop', at));
          resolve();
        }, 'image/png')
      );
    }, 'grayify');
    await expect(panel.jobs.first()).toContainText('from desktop.png', { timeout: 30000 });
    await expect(page.locator('.jp-OscarHead-facts').last()).toContainText('Done', { timeout: 60000 });
  });

  test('Copy as cell gives Python that does the same', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await panel.jobs.last().getByRole('button').first().click();
    await page.getByRole('button', { name: 'Copy as cell' }).click();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toContain('oscar.cluster("local").service("grayify").invoke("');
  });

  test('the result is saved to a folder', async ({ page }) => {
    await panel.jobs.last().getByRole('button').first().click();
    await page.getByRole('button', { name: 'Save to folder…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.jp-DirListing-item', { hasText: 'notebooks' }).click();
    await dialog.getByRole('button', { name: 'Select' }).click();
    await expect(page.getByText(/1 file saved in notebooks/)).toBeVisible();
    expect(await page.contents.fileExists('notebooks/chelsea.png')).toBe(true);
  });

  test('the delete says what happens to the data and keeps it', async ({ page }) => {
    await panel.service('grayify').hover();
    await panel.root.getByRole('button', { name: 'Delete grayify…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Its files stay, in:');
    await expect(dialog).toContainText(/grayify: \d+ files/);
    await expect(dialog.getByRole('checkbox')).not.toBeChecked();
    await page.screenshot({ path: 'screenshots/delete.png' });
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(panel.service('grayify')).toHaveCount(0);
    await panel.root.locator('.jp-OscarBuckets').getByRole('button', { name: 'grayify', exact: true }).click();
    await expect(panel.root.getByRole('button', { name: 'out', exact: true })).toBeVisible();
  });
});
