import { expect, test } from '../helpers/fixtures';
import { OscarPanel } from '../helpers/panel';

test.describe.serial('The story with the keyboard alone', () => {
  let panel: OscarPanel;

  test.beforeEach(async ({ page }) => {
    await page.goto('?reset');
    panel = new OscarPanel(page);
    await page.keyboard.press('Control+Alt+KeyO');
    await expect(panel.state).toHaveText('ready', { timeout: 30000 });
  });

  test('deploy from the palette', async ({ page }) => {
    const choice = page.getByRole('dialog').getByRole('combobox');
    // The palette closes when something else takes the focus, as the launcher does some time after the page is there.
    await expect(async () => {
      await page.keyboard.press('Control+Shift+KeyC');
      await expect(page.locator('.lm-CommandPalette-input')).toBeFocused({ timeout: 2000 });
      await page.keyboard.type('Deploy an example');
      await expect(page.locator('.lm-CommandPalette-item.lm-mod-active')).toContainText('Deploy an example', {
        timeout: 2000
      });
      await page.keyboard.press('Enter');
      await expect(choice).toBeFocused({ timeout: 5000 });
    }).toPass({ timeout: 60000 });
    await choice.selectOption('Let a cow say it');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog').filter({ hasText: 'Deploy cowsay' });
    await expect(dialog.getByRole('button', { name: 'Deploy', exact: true })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(panel.service('cowsay')).toHaveAttribute('data-oscar-state', 'ready', { timeout: 60000 });
  });

  test('open the service, type an input, read the answer', async ({ page }) => {
    const row = panel.service('cowsay').getByRole('button', { name: 'cowsay', exact: true });
    await row.focus();
    await page.keyboard.press('ArrowRight');
    await expect(row).toHaveAttribute('aria-expanded', 'true');
    await page.keyboard.press('Enter');
    const input = page.getByRole('textbox', { name: 'Or type the input' });
    await expect(input).toBeVisible();
    await input.focus();
    await page.keyboard.type('hello from the keyboard');
    await page.keyboard.press('Shift+Enter');
    await expect(page.getByRole('region', { name: 'Result' })).toContainText('hello from the keyboard', {
      timeout: 60000
    });
    await page.getByRole('tab', { name: 'Run', exact: true }).focus();
    await page.keyboard.press('ArrowLeft');
    await expect(page.locator('.jp-OscarTab')).toContainText('name: cowsay');
  });

  test('delete with the Delete key; Escape does nothing', async ({ page }) => {
    const row = panel.service('cowsay').getByRole('button', { name: 'cowsay', exact: true });
    await row.focus();
    await page.keyboard.press('Delete');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Delete cowsay?');
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await expect(panel.service('cowsay')).toBeVisible();
    // The launcher takes the focus some time after the page is there, also from a dialog.
    await expect(async () => {
      if ((await panel.service('cowsay').count()) > 0) {
        await page.keyboard.press('Escape');
        await row.focus();
        await page.keyboard.press('Delete');
        await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused({ timeout: 3000 });
        await page.keyboard.press('Tab');
        await expect(dialog.locator('button:focus')).toContainText('Delete', { timeout: 3000 });
        await page.keyboard.press('Enter');
      }
      await expect(panel.service('cowsay')).toHaveCount(0, { timeout: 10000 });
    }).toPass({ timeout: 60000 });
  });
});
