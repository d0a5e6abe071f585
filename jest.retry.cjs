/** A run in so many minutes, on a machine that we do not know, tries what failed once more: scripts/test.mjs tells of it. */
if (process.env.OSCAR_TEST_BUDGET) {
  jest.retryTimes(1, { logErrorsBeforeRetry: true });
}
