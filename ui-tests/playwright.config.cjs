const { HOSTS, shared } = require('./helpers/config.cjs');

// Two files at a time: the tests of one wait for pages and jobs while those of the other compute. See helpers/fixtures.ts.
module.exports = { ...shared, testIgnore: HOSTS, workers: 2, webServer: undefined };
