/** Types are checked by `tsc`; here files are only transpiled, as the bundle is. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': '<rootDir>/../jest.transform.cjs' },
  setupFilesAfterEnv: ['<rootDir>/../jest.retry.cjs'],
  maxWorkers: 3,
  // A test that waits for a state has this long for it on a busy machine.
  testTimeout: 60000
};
