const { HOSTS, shared } = require('./helpers/config.cjs');

/** What a user sees first is tested first: where time is short, the others may not be reached. */
const STORY = ['**/{story,security}.spec.ts'];
const FIRST = ['**/{scar,pipeline-runs,infrastructure,drive}.spec.ts'];

// Two files at a time: the tests of one wait for pages and jobs while those of the other compute. See helpers/fixtures.ts.
module.exports = {
  ...shared,
  workers: 2,
  webServer: undefined,
  projects: [
    { name: 'story', testMatch: STORY },
    { name: 'first', testMatch: FIRST },
    { name: 'then', testIgnore: [...HOSTS, ...STORY, ...FIRST] }
  ]
};
