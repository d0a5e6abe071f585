import type { Locator } from '@playwright/test';

import { execute, GOOD, open, SCRIPT, textOf, theme } from '../helpers/fdl';
import { expect, test } from '../helpers/fixtures';
import { OscarPanel } from '../helpers/panel';

test.beforeEach(async ({ page }) => {
  await page.goto('?reset');
});

test('the graph shows and edits the text', async ({ page }) => {
  await open(page, 'graph/fdl.yaml', GOOD);
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path: 'graph/fdl.yaml' });
  const graph = page.locator('.jp-OscarFdlGraph');
  await expect(graph.locator('[data-node="service:local/fdl-echo"]')).toBeVisible();
  await expect(graph.locator('[data-edge]')).toHaveCount(2);
  await page.screenshot({ path: 'screenshots/fdl-graph.png' });

  // Add a service with the dialog.
  await graph.getByRole('button', { name: 'Add a service' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).or(dialog.getByLabel('Name')).first().fill('second');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const second = graph.locator('[data-node="service:local/second"]');
  await expect(second).toBeVisible();
  await expect.poll(() => textOf(page, 'graph/fdl.yaml')).toContain('name: second');

  // Connect by dragging from one service to the other.
  const echo = graph.locator('[data-node="service:local/fdl-echo"]');
  await echo.hover();
  const port = (await echo.locator('.jp-OscarFdlGraph-port').boundingBox())!;
  const target = (await second.locator('rect').boundingBox())!;
  await page.mouse.move(port.x + port.width / 2, port.y + port.height / 2);
  await page.mouse.down();
  await page.mouse.move(target.x + target.width / 2, target.y + target.height / 2, { steps: 8 });
  await page.mouse.up();
  await expect(graph.locator('[data-edge]')).toHaveCount(3);
  expect((await textOf(page, 'graph/fdl.yaml')).match(/path: fdl-echo\/out/g)).toHaveLength(2);
  expect(await textOf(page, 'graph/fdl.yaml')).toContain('# the name');

  // With the keyboard alone: remove it, and undo.
  await second.focus();
  await page.keyboard.press('Delete');
  await expect(second).toHaveCount(0);
  expect(await textOf(page, 'graph/fdl.yaml')).toBe(GOOD);
  await page.keyboard.press('Tab');
  await graph.getByRole('button', { name: 'Undo' }).click();
  await expect(second).toBeVisible();

  // What is typed is drawn.
  const editor = page.locator('.jp-FileEditor .cm-content:visible');
  await editor.getByText('second').click();
  await page.keyboard.press('End');
  await page.keyboard.type('x');
  await expect(graph.locator('[data-node="service:local/secondx"]')).toBeVisible();

  // Broken text leaves the last good picture, and says so.
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('a: [\n');
  await expect(graph.getByText('The text cannot be read at the moment')).toBeVisible();
  await expect(graph.locator('[data-node="service:local/fdl-echo"]')).toBeVisible();
  await page.screenshot({ path: 'screenshots/fdl-broken.png' });
});

test('the graph in dark, high contrast, narrow and empty', async ({ page }) => {
  await open(
    page,
    'looks/fdl.yaml',
    GOOD +
      GOOD.replace(/^[^]*oscar:\n/, '')
        .replace(/fdl-echo\/in/g, 'fdl-echo/out')
        .replace(/fdl-echo( #|\/done)/g, 'fdl-next$1')
        .replace('path: fdl-echo/out\n      annotations', 'path: fdl-next/out\n      annotations')
  );
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path: 'looks/fdl.yaml' });
  const graph = page.locator('.jp-OscarFdlGraph');
  await graph.locator('[data-node="service:local/fdl-next"]').click();
  await page.screenshot({ path: 'screenshots/fdl-graph-chosen.png' });
  for (const [name, file] of [
    ['JupyterLab Dark', 'dark'],
    ['JupyterLab Dark High Contrast', 'contrast']
  ]) {
    await theme(page, name);
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
    await page.screenshot({ path: `screenshots/fdl-graph-${file}.png` });
  }
  await theme(page, 'JupyterLab Light');
  await page.setViewportSize({ width: 760, height: 700 });
  await page.screenshot({ path: 'screenshots/fdl-graph-narrow.png' });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.request.put('api/contents/empty.fdl', { data: { type: 'file', format: 'text', content: '' } });
  await execute(page, 'docmanager:open', { path: 'empty.fdl', factory: 'OSCAR FDL graph' });
  await expect(page.getByText('Nothing is in this file yet.')).toBeVisible();
  await page.screenshot({ path: 'screenshots/fdl-graph-empty.png' });
});

test('plan and apply from the graph', async ({ page }) => {
  test.slow();
  const panel = new OscarPanel(page);
  await panel.ready();
  await panel.empty();
  await page.request.put('api/contents/apply', { data: { type: 'directory' } });
  await page.request.put('api/contents/apply/script.sh', { data: { type: 'file', format: 'text', content: SCRIPT } });
  await open(page, 'apply/fdl.yaml', GOOD);
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path: 'apply/fdl.yaml' });
  const graph = page.locator('.jp-OscarFdlGraph');
  await graph.getByRole('button', { name: 'Plan', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('fdl-echo');
  await page.screenshot({ path: 'screenshots/fdl-plan.png' });
  await dialog.getByRole('button', { name: 'Close' }).click();
  await graph.getByRole('button', { name: 'Apply to cluster' }).click();
  await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await page.screenshot({ path: 'screenshots/fdl-apply.png' });
  await expect(panel.service('fdl-echo')).toHaveAttribute('data-oscar-state', 'ready', { timeout: 120000 });
  await page.request.delete('jupyterlab-oscar/v1/clusters/local/services/fdl-echo?data=delete');
});

test('the graph is drawn with the mouse, and the text follows', async ({ page }) => {
  const path = 'draw/fdl.yaml';
  await open(page, path, '# empty\n');
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path });
  const graph = page.locator('.jp-OscarFdlGraph');
  const dialog = page.getByRole('dialog');
  const add = async (button: string, values: { [label: string]: string }): Promise<void> => {
    await graph.getByRole('button', { name: button }).first().click();
    for (const [label, value] of Object.entries(values)) {
      await dialog.getByLabel(label).fill(value);
    }
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(dialog).toHaveCount(0);
  };
  await add('Add a service', { Name: 'grey', Cluster: 'edge' });
  await add('Add a bucket or folder', { 'Bucket and folder': 'photos/in' });
  await add('Add a function of AWS', { Name: 'find' });
  await add('Add a cluster', { Id: 'edge', Address: 'https://edge.example.org' });
  const grey = graph.locator('[data-node="service:edge/grey"]');
  const folder = graph.locator('[data-node="place:minio.default:photos/in"]');
  await expect(folder).toHaveClass(/jp-mod-loose/);
  expect(await textOf(page, path)).not.toContain('photos');

  const port = async (from: Locator): Promise<void> => {
    await from.locator('rect').hover();
    const box = (await from.locator('.jp-OscarFdlGraph-port').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
  };
  await port(folder);
  const target = (await grey.locator('rect').boundingBox())!;
  await page.mouse.move(target.x + target.width / 2, target.y + target.height / 2, { steps: 8 });
  await page.mouse.up();
  await expect(folder).not.toHaveClass(/jp-mod-loose/);
  await expect.poll(() => textOf(page, path)).toContain('path: photos/in');

  // Into nothing: where does it write?
  await port(grey);
  const room = (await graph.locator('.jp-OscarFdlGraph-svg').boundingBox())!;
  await page.mouse.move(room.x + 4, room.y + room.height - 4, { steps: 8 });
  await page.mouse.up();
  await dialog.getByLabel('Storage').selectOption('s3');
  await dialog.getByLabel('Bucket and folder').fill('found/grey');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(graph.locator('[data-edge]')).toHaveCount(2);
  const text = await textOf(page, path);
  expect(text).toMatch(/^# empty\n/);
  expect(text).toMatch(/- edge:\n {6}name: grey\n/);
  expect(text).toMatch(/output:\n {6}- storage_provider: s3\n {8}path: found\/grey/);
  expect(text).toMatch(/clusters:\n {2}edge:\n {4}endpoint: https:\/\/edge.example.org/);
  await page.screenshot({ path: 'screenshots/fdl-graph-drawn.png' });

  // The other way: a connection that is taken out of the text is gone.
  await graph.locator('[data-edge^="output"] .jp-OscarFdlGraph-hit').dispatchEvent('pointerdown');
  await expect(graph.getByRole('complementary', { name: 'Connection' })).toContainText('grey writes to found/grey');
  const editor = page.locator('.jp-FileEditor .cm-content:visible');
  await editor.getByText('photos/in').dblclick();
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+End');
  await page.keyboard.type('path: scans/in');
  await expect(graph.locator('[data-node="place:minio.default:scans/in"]')).toBeVisible();
  await expect(folder).toHaveCount(0);
});

test('the graph with the keyboard alone', async ({ page }) => {
  const path = 'keys/fdl.yaml';
  const second = GOOD.replace(/^[^]*oscar:\n/, '')
    .replace(/ {6}input:[^]*?(?= {6}annotations)/, '')
    .replace(/fdl-echo/g, 'fdl-next');
  await open(page, path, GOOD + second);
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path });
  const graph = page.locator('.jp-OscarFdlGraph');
  const node = (id: string): Locator => graph.locator(`[data-node="${id}"]`);
  const out = 'place:minio.default:fdl-echo/out';
  await node(out).focus();
  await page.keyboard.press('c');
  await expect(graph.getByRole('status')).toContainText('Connecting from fdl-echo/out');
  await node('service:local/fdl-next').focus();
  await page.keyboard.press('Enter');
  await expect(graph.locator('[data-edge]')).toHaveCount(3);
  expect((await textOf(page, path)).match(/path: fdl-echo\/out/g)).toHaveLength(2);

  // The same name everywhere, as the command does it.
  await node('service:local/fdl-echo').focus();
  await page.keyboard.press('F2');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('fdl-say');
  await page.keyboard.press('Enter');
  await expect(node('place:minio.default:fdl-say/out')).toBeVisible();
  expect(await textOf(page, path)).not.toContain('fdl-echo');
  expect((await textOf(page, path)).match(/path: fdl-say\//g)).toHaveLength(3);
});

test('a large graph, and one where there is little room, can be read', async ({ page }) => {
  const path = 'large/fdl.yaml';
  const services = Array.from({ length: 30 }, (_, index) =>
    GOOD.replace(/^[^]*oscar:\n/, '')
      .replace('fdl-echo/in', index % 6 === 0 ? `step-${index}/in` : `step-${index - 1}/out`)
      .replace(/fdl-echo/g, `step-${index}`)
  );
  await open(page, path, `functions:\n  oscar:\n${services.join('')}`);
  await execute(page, 'jupyterlab-oscar:fdl-graph', { path });
  const graph = page.locator('.jp-OscarFdlGraph');
  await expect(graph.locator('.jp-mod-service')).toHaveCount(30);
  const zoom = async (): Promise<number> =>
    parseInt((await graph.getByRole('button', { name: 'Fit into the view' }).textContent()) ?? '', 10);
  expect(await zoom()).toBeGreaterThanOrEqual(80);
  await expect(graph.locator('[data-node="place:minio.default:step-0/in"]')).toBeInViewport();
  await page.screenshot({ path: 'screenshots/fdl-graph-30.png' });
  // What is walked to comes into view.
  const last = graph.locator('[data-node="service:local/step-29"]');
  await last.focus();
  await expect(last).toBeInViewport();

  await page.setViewportSize({ width: 760, height: 700 });
  await expect(graph.getByRole('combobox', { name: 'Add', exact: true })).toBeVisible();
  expect(await zoom()).toBeGreaterThanOrEqual(80);
  await page.screenshot({ path: 'screenshots/fdl-graph-30-narrow.png' });
  await graph.getByRole('combobox', { name: 'Add', exact: true }).selectOption('Add a service');
  await expect(page.getByRole('dialog')).toContainText('Add a service');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
});
