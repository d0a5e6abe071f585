/** Types are checked by `tsc`; here files are only transpiled, as the bundle is. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': '<rootDir>/../jest.transform.cjs' },
  maxWorkers: 3,
  testTimeout: 20000
};
