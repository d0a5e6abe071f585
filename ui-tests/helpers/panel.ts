import type { Locator, Page } from '@playwright/test';
import { expect } from './fixtures';

/** The OSCAR panel, as a user sees it. */
export class OscarPanel {
  constructor(readonly page: Page) {}

  get root(): Locator {
    return this.page.locator('#jp-oscar-panel');
  }

  get state(): Locator {
    return this.root.locator('.jp-OscarCluster-state');
  }

  get services(): Locator {
    return this.root.getByRole('list', { name: 'Services' });
  }

  get jobs(): Locator {
    return this.root.getByRole('list', { name: 'Jobs', exact: true }).getByRole('listitem');
  }

  service(name: string): Locator {
    return this.root.locator(`.jp-OscarService[data-oscar-service="${name}"]`);
  }

  async open(): Promise<void> {
    if (!(await this.root.isVisible())) {
      await this.page.locator('.jp-SideBar [data-id="jp-oscar-panel"]').click();
    }
    await expect(this.root).toBeVisible();
  }

  /** Open the panel and wait until the local cluster is there. */
  async ready(): Promise<void> {
    await this.open();
    await expect(this.state).toHaveText('ready', { timeout: 30000 });
  }

  /** Delete every service with its data: for tests that begin with an empty panel, whatever ran before them. */
  async empty(): Promise<void> {
    const services = 'jupyterlab-oscar/v1/clusters/local/services';
    const { items } = (await (await this.page.request.get(services)).json()) as { items: { name: string }[] };
    for (const { name } of items) {
      await this.page.request.delete(`${services}/${name}?data=delete`);
    }
    await expect(this.root.locator('.jp-OscarService')).toHaveCount(0);
  }

  /** Deploy an example through the plan, unless it is there; waits until it is ready. */
  async deploy(title: string, service: string): Promise<void> {
    await this.page.evaluate(
      example =>
        void (window as unknown as ILab).jupyterapp.commands.execute('jupyterlab-oscar:deploy-example', { example }),
      title
    );
    const dialog = this.page.getByRole('dialog');
    await expect(dialog).toBeVisible();
    const deploy = dialog.getByRole('button', { name: 'Deploy', exact: true });
    if (await deploy.isVisible()) {
      await deploy.click();
    } else {
      await dialog.getByRole('button', { name: 'Close' }).click();
    }
    await expect(this.service(service)).toHaveAttribute('data-oscar-state', 'ready', { timeout: 180000 });
  }
}

/** What the test server exposes of JupyterLab. */
export interface ILab {
  jupyterapp: {
    commands: { execute(id: string, args?: object): Promise<unknown> };
    shell: {
      currentWidget: { id: string } | null;
      widgets(area: string): Iterable<{ id: string }>;
      add(widget: { id: string }, area: string): void;
    };
  };
}

/** Drag with the mouse, in steps: JupyterLab's own drags start after a few pixels. */
export async function dragTo(page: Page, from: Locator, to: Locator): Promise<void> {
  const start = (await from.boundingBox())!;
  const end = (await to.boundingBox())!;
  await page.mouse.move(start.x + 30, start.y + start.height / 2);
  await page.mouse.down();
  await page.mouse.move(start.x + 45, start.y + start.height / 2 + 15, { steps: 4 });
  await page.mouse.move(end.x + end.width / 3, end.y + end.height / 2, { steps: 10 });
  await page.mouse.up();
}
