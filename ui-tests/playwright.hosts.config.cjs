/** Tests of the wheel in other JupyterLabs, of which each test file starts its own: `npm test -- elyra`. */
const { HOSTS, shared } = require('./helpers/config.cjs');

module.exports = { ...shared, testMatch: HOSTS, webServer: undefined };
