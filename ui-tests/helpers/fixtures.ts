import { test as base } from '@jupyterlab/galata';

export { expect, galata } from '@jupyterlab/galata';

/** galata's test, for pages that may come back with the views that were open. */
export const test = base.extend({
  waitForApplication: async ({ baseURL }, use) => {
    await use(async page => {
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    });
  }
});

test.use({ tmpPath: '', autoGoto: false, mockState: false });
