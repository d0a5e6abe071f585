/** Types are checked by `tsc`; here files are only transpiled, so that a test starts in a second. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.test.json', diagnostics: false }]
  },
  maxWorkers: 2,
  testTimeout: 20000
};
