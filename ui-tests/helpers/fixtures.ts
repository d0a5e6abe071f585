import { test as galataTest } from '@jupyterlab/galata';
import { test as playwrightTest } from '@playwright/test';

import { startServer } from './server.cjs';

export { expect, galata } from '@jupyterlab/galata';

type Server = Awaited<ReturnType<typeof startServer>>;

// A JupyterLab with a bridge and a cluster of its own for each worker: they are side by side, and see nothing of one another.
// eslint-disable-next-line no-empty-pattern -- playwright reads the names of fixtures here
const server = async ({}: object, use: (server: Server) => Promise<void>): Promise<void> => {
  const started = await startServer('main');
  // For the command line beside it.
  process.env.OSCAR_UI_FOLDER = started.base;
  await use(started);
  await started.stop();
};

const baseURL = async (
  { server: { origin } }: { server: Server },
  use: (url: string | undefined) => Promise<void>
): Promise<void> => use(origin);

/** galata's test, for pages that may come back with the views that were open. */
export const test = galataTest.extend<object, { server: Server }>({
  server: [server, { scope: 'worker', timeout: 120000 }],
  baseURL,
  waitForApplication: async ({ baseURL: _url }, use) => {
    await use(async page => {
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    });
  }
});

test.use({ tmpPath: '', autoGoto: false, mockState: false });

/** Playwright's own test, on the same servers. */
export const plain = playwrightTest.extend<object, { server: Server }>({
  server: [server, { scope: 'worker', timeout: 120000 }],
  baseURL
});
