/** Tests of the wheel in other JupyterLabs, of which each test file starts its own: `npm test -- elyra`. */
const { HOSTS, shared } = require('./helpers/config.cjs');

// Its results lie apart: playwright empties the folder when it begins.
module.exports = { ...shared, testMatch: HOSTS, outputDir: '../.setup/test-results-hosts', webServer: undefined };
