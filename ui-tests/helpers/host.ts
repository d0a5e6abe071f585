import * as fs from 'node:fs';
import * as path from 'node:path';

import type { Locator, Page } from '@playwright/test';
import { expect, test } from '@playwright/test';

import type { ILab } from './panel';
import { startServer } from './server.cjs';

/** A JupyterLab of its own with the wheel in it, see scripts/lib/hosts.mjs. */
export interface IHost {
  /** With a slash at its end. */
  url: string;
  /** Folder of the file browser. */
  root: string;
  /** What pages said about us as errors, or with our code at fault. */
  faults: string[];
  open(page: Page): Promise<void>;
}

export interface IApp extends ILab {
  version: string;
  restored: Promise<unknown>;
  docRegistry: {
    /** Nothing before the first editor is registered. */
    defaultWidgetFactory(path: string): { name: string } | undefined;
    preferredWidgetFactories(path: string): Iterable<{ name: string }>;
    getFileTypesForPath(path: string): { name: string }[];
  };
  commands: { execute(id: string, args?: object): Promise<unknown> };
}

/** Tests in one host, with one server; skipped with the reason when the host could not be made. */
export function describeIn(name: string, title: string, body: (host: IHost) => void): void {
  const folder = path.join(process.env.OSCAR_UI_HOSTS ?? '', name);
  test.describe(`${title} (${name})`, () => {
    test.skip(
      !fs.existsSync(path.join(folder, 'bin', 'jupyter-oscar')),
      `SKIPPED: there is no ${name}; "npm test -- elyra" makes it from PyPI`
    );
    test.setTimeout(180000);
    let server: Awaited<ReturnType<typeof startServer>> | undefined;
    const host: IHost = {
      url: '',
      root: '',
      faults: [],
      open: async page => {
        page.on('pageerror', error => note(error.stack ?? error.message));
        page.on('console', message => {
          if (message.type() === 'error') {
            note(`${message.text()} (${message.location().url})`);
          }
        });
        await page.goto(`${host.url}lab?reset`);
        await page.waitForFunction(() => (window as unknown as Partial<ILab>).jupyterapp !== undefined);
        await evaluate(page, app => app.restored.then(() => null));
        await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
      }
    };
    const note = (text: string): void => {
      if (/oscar/i.test(text)) {
        host.faults.push(text);
      }
    };
    test.beforeAll(async () => {
      test.setTimeout(300000);
      server = await startServer(name, { host: folder });
      host.url = server.url;
      host.root = server.root;
    });
    test.afterAll(() => server?.stop());
    test.beforeEach(() => void host.faults.splice(0));
    test.afterEach(() => expect(host.faults).toEqual([]));
    body(host);
  });
}

/** Run a function of JupyterLab's application in the page; it sees nothing of what is around it here. */
export function evaluate<T>(page: Page, work: (app: IApp) => T): Promise<Awaited<T>> {
  return page.evaluate(`(${work.toString()})(window.jupyterapp)`) as Promise<Awaited<T>>;
}

export async function setTheme(page: Page, theme: string): Promise<void> {
  await page.evaluate(
    name =>
      (window as unknown as ILab).jupyterapp.commands
        .execute('apputils:change-theme', { theme: name })
        .then(() => null),
    theme
  );
  await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', theme);
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
}

export function fileRow(page: Page, name: string): Locator {
  return page.locator('.jp-DirListing-item', { hasText: name });
}

/** An entry of a file's context menu, with the submenu that it is in. */
export async function fileMenu(page: Page, file: string, entry: string | RegExp, submenu?: string): Promise<Locator> {
  await fileRow(page, file).click({ button: 'right' });
  if (submenu) {
    await page.locator('.lm-Menu-item', { hasText: submenu }).first().hover();
  }
  return page.locator('.lm-Menu').last().locator('.lm-Menu-item', { hasText: entry });
}
