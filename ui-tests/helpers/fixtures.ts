import { test as galataTest } from '@jupyterlab/galata';
import type { TestInfo } from '@playwright/test';
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

/** See scripts/test.mjs: what is not begun in time is told as skipped. */
// eslint-disable-next-line no-empty-pattern -- as above
const inTime = async ({}: object, use: () => Promise<void>, info: TestInfo): Promise<void> => {
  const until = Number(process.env.OSCAR_TEST_UNTIL ?? Infinity);
  // A test of a row that is tried again needs those before it.
  info.skip(info.retry === 0 && Date.now() > until, 'not begun: the time for tests (OSCAR_TEST_BUDGET) was over');
  await use();
};

/** galata's test, for pages that may come back with the views that were open. */
export const test = galataTest.extend<{ inTime: void }, { server: Server }>({
  inTime: [inTime, { auto: true }],
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
export const plain = playwrightTest.extend<{ inTime: void }, { server: Server }>({
  inTime: [inTime, { auto: true }],
  server: [server, { scope: 'worker', timeout: 120000 }],
  baseURL
});
