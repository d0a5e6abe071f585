/**
 * The dependency rule of the house (docs/architecture.md): imports point downward only, the languages are pure, nothing but the
 * start-up knows the embedded cluster, the page takes only types from the bridge and the two languages.
 */
const bridge = 'backend-bridge/src';
const room = names => `^${bridge}/(${names})(/|\\.ts$)`;

module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one concept, or one of them holds a part of the other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
    },
    {
      name: 'contract-is-the-bottom',
      comment: 'contract/ imports nothing of the bridge.',
      severity: 'error',
      from: { path: room('contract') },
      to: { path: `^${bridge}`, pathNot: room('contract') }
    },
    {
      name: 'languages-are-pure',
      comment: 'fdl/ and pipelines/ are functions from text to values: no I/O, no Node built-ins, nothing above them.',
      severity: 'error',
      from: { path: room('fdl|pipelines') },
      to: { path: `^${bridge}`, pathNot: room('fdl|pipelines|contract') }
    },
    {
      name: 'languages-have-no-built-ins',
      comment: 'fdl/ and pipelines/ also run in the page.',
      severity: 'error',
      from: { path: room('fdl|pipelines') },
      to: { dependencyTypes: ['core'] }
    },
    {
      name: 'http-and-credentials-are-low',
      comment: 'http/ and credentials/ know the contract only.',
      severity: 'error',
      from: { path: room('http|credentials') },
      to: { path: `^${bridge}`, pathNot: room('http|credentials|contract') }
    },
    {
      name: 'state-knows-nothing',
      comment: 'state/ opens files of the bridge for whoever has something to keep.',
      severity: 'error',
      from: { path: room('state') },
      to: { path: `^${bridge}`, pathNot: room('state') }
    },
    {
      name: 'features-know-what-is-below',
      comment: 'clusters, storage, pipeline-runs, scar, infrastructure and jobs use what is below, not the server.',
      severity: 'error',
      from: { path: room('clusters|storage|pipeline-runs|scar|infrastructure|jobs') },
      to: { path: room('server|main|local-cluster') }
    },
    {
      name: 'engine-knows-no-infrastructure',
      comment: 'jobs/engine is adapted by jobs/engines/*, never the other way round.',
      severity: 'error',
      from: { path: `^${bridge}/jobs/engine/` },
      to: { path: `^${bridge}`, pathNot: `^${bridge}/(jobs/engine|contract|state)/` }
    },
    {
      name: 'local-cluster-stands-alone',
      comment:
        'local-cluster/ uses fdl/ and contract/ (and the error class of http/) only: it is just another OSCAR endpoint.',
      severity: 'error',
      from: { path: room('local-cluster') },
      to: { path: `^${bridge}`, pathNot: `${room('local-cluster|fdl|contract')}|^${bridge}/http/errors\\.ts$` }
    },
    {
      name: 'only-the-start-up-knows-the-local-cluster',
      comment: 'main.ts and the start-up of the server start it; everybody else reaches it over HTTP.',
      severity: 'error',
      from: { path: `^${bridge}`, pathNot: `${room('local-cluster|main')}|^${bridge}/server/start[^/]*\\.ts$` },
      to: { path: room('local-cluster') }
    },
    {
      name: 'page-takes-types-and-languages',
      comment:
        'src/ imports types of backend-bridge/src/contract, and fdl/ and pipelines/ in lazy chunks; nothing else of the bridge.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^backend-bridge/', pathNot: room('contract|fdl|pipelines') }
    },
    {
      name: 'page-takes-only-types-of-the-contract',
      comment: 'The contract holds schemas: their code must not get into the page.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: room('contract'), dependencyTypesNot: ['type-only'] }
    },
    {
      name: 'page-does-http-in-one-room',
      comment: 'Only src/bridge talks to the server.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/bridge/' },
      to: { path: '^axios|node_modules/axios' }
    },
    {
      name: 'page-has-no-built-ins',
      severity: 'error',
      from: { path: '^src/', pathNot: '__tests__' },
      to: { dependencyTypes: ['core'] }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(lib|backend-bridge/lib)/|(^|/)(node_modules|labextension)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] }
  }
};
