/** Tests of the page. The bridge has its own configuration: it runs on another Node. */
module.exports = {
  testEnvironment: 'jsdom',
  roots: ['<rootDir>/src'],
  testRegex: '/__tests__/.*\\.spec\\.tsx?$',
  transform: { '\\.(ts|tsx|js|mjs|svg)$': '<rootDir>/jest.transform.cjs' },
  // JupyterLab's packages are ECMAScript modules.
  transformIgnorePatterns: [
    '/node_modules/(?!(@jupyterlab|@jupyter|@microsoft|@rjsf|exenv-es6|lib0|y-|nanoid|vscode-)[^/]*/)'
  ],
  moduleNameMapper: { '^yaml$': require.resolve('yaml'), '\\.css$': '<rootDir>/src/testing/empty.ts' },
  setupFiles: ['<rootDir>/jest.setup.cjs'],
  setupFilesAfterEnv: ['<rootDir>/jest.retry.cjs'],
  maxWorkers: 2,
  testTimeout: 60000
};
