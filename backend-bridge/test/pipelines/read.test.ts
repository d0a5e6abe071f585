import { readPipeline, type IPipeline } from '../../src/pipelines';
import { flow, node, realPipelines } from './fixtures';

function read(text: string, file = 'work/test.pipeline'): { pipeline: IPipeline; codes: string[] } {
  const { pipeline, problems } = readPipeline(text, { file });
  if (!pipeline) {
    throw new Error(problems.map(problem => problem.message).join('\n'));
  }
  return { pipeline, codes: problems.map(problem => problem.code) };
}

const edges = (pipeline: IPipeline) => pipeline.edges.map(({ from, to }) => `${from} ${to}`).sort();

describe('real pipelines', () => {
  const real = new Map(realPipelines().map(({ name, text }) => [name, text]));
  const when = real.size > 0 ? it : it.skip;
  const of = (name: string) => read(real.get(name) ?? '', name);

  when('each is read, or refused with the reason', () => {
    const refused = [...real].flatMap(([name, text]) => {
      const { pipeline, problems } = readPipeline(text, { file: name });
      return pipeline ? [] : [`${name}: ${problems.map(({ code, line }) => `${code} ${line}`).join()}`];
    });
    expect(refused).toEqual(['elyra__malformed__pipeline_without_pipelines_field.pipeline: no-pipelines 1']);
  });

  when('a diamond with scripts from another folder', () => {
    const { pipeline, codes } = of('elyra__v8__producer-consumer.pipeline');
    expect(codes).toEqual([]);
    expect(pipeline.migration).toEqual([]);
    expect(pipeline.nodes.map(({ label, kind }) => `${label} ${kind}`)).toEqual([
      'setup.py python',
      'create-source-files.py python',
      'producer.ipynb notebook',
      'producer-script.py python',
      'consumer.ipynb notebook'
    ]);
    expect(pipeline.nodes[0]).toMatchObject({ filename: '../scripts/setup.py', dependencies: ['setup.txt'] });
    expect(pipeline.nodes[2].variables).toEqual({ NB_USER: '' });
    expect(pipeline.edges).toHaveLength(5);
  });

  when('supernodes are opened through bindings and ports, in versions 1 and 6', () => {
    const one = of('elyra__v1__pipeline_with_supernode.json').pipeline;
    const label = new Map(one.nodes.map(({ id, label }) => [id, label]));
    expect(one.edges.map(({ from, to }) => `${label.get(from)} ${label.get(to)}`).sort()).toEqual([
      'generate-contributions overview',
      'generate-stats overview',
      'overview data_science_aws'
    ]);
    expect(one.nodes[2].id).toBe('3fbe0f25-c7d0-4ee6-b1b6-a5f5f633252f/079c0e12-eb5f-4fcc-983b-09e011869fee');
    const six = of('elyra__v6__kf_supernode_valid.pipeline').pipeline;
    expect(six.nodes.map(({ label }) => label)).toEqual([
      'Download data',
      'Filter text',
      'Calculate data hash',
      'Run notebook using papermill'
    ]);
    expect(six.edges).toHaveLength(3);
  });

  when('a file labelled 5 that is written as version 8', () => {
    const { pipeline } = of('elyra__v5label__kf_with_parameters.pipeline');
    expect(pipeline.version).toBe(5);
    expect(pipeline.nodes[0].variables).toEqual({ var1: 'var_one', var2: 'var_two', var3: 'var_three' });
    expect(pipeline.nodes[0].volumes).toEqual([{ path: '/mnt/vol2', claim: 'pvc-claim-2' }]);
    expect(pipeline.nodes[0].image).toBe('continuumio/anaconda3:2020.07');
  });

  when('version 3 keeps what its texts say', () => {
    const { pipeline } = of('elyra-examples__v3__hello-generic-world.pipeline');
    expect(pipeline.nodes.map(({ label }) => label)).toEqual([
      'Load weather data',
      'Part 1 - Data Cleaning.ipynb',
      'Part 2 - Data Analysis.ipynb',
      'Part 3 - Time Series Forecasting.ipynb'
    ]);
    expect(pipeline.nodes[0].variables.DATASET_URL).toMatch(/^https:.*\.tar\.gz$/);
  });

  when('AI4Compose’s recipes call their service, without a token', () => {
    const cow = of('ai4-compose__v8__cowsay.pipeline');
    expect(cow.pipeline.nodes).toHaveLength(1);
    expect(cow.pipeline.nodes[0]).toMatchObject({
      kind: 'service',
      variables: {},
      call: { service: 'cowsay', inputs: [], text: '{"message":"Hello world!"}' }
    });
    expect(cow.pipeline.nodes[0].call?.recipe).toHaveLength(2);
    expect(cow.pipeline.nodes[0].filename).toBeUndefined();
    const grey = of('ai4-compose__v8__grayify.pipeline');
    expect(grey.pipeline.nodes[0].call?.service).toBe('grayify');
    expect(grey.codes).toContain('service-guessed');
  });
});

describe('what is no pipeline', () => {
  it.each([
    ['', 'bad-json', 1, 1],
    ['{"a": 1,}', 'bad-json', 1, 9],
    ['{\n  "pipelines": [\n    {"id": "a" "nodes": []}\n  ]\n}', 'bad-json', 3, 16],
    ['{"a": "unfinished', 'bad-json', 1, 7],
    ['{"pipelines": [1, ]}', 'bad-json', 1, 19],
    ['{"pipelines": [tru]}', 'bad-json', 1, 16],
    ['{"pipelines": []} x', 'bad-json', 1, 19],
    ['{"pipelines": [', 'bad-json', 1, 16],
    ['[]', 'not-a-pipeline', 1, 1],
    ['null', 'not-a-pipeline', 1, 1],
    ['{}', 'no-pipelines', 1, 1],
    ['{\n "pipelines": []}', 'no-pipelines', 2, 15],
    ['{"pipelines": {}}', 'no-pipelines', 1, 15]
  ])('%s', (text, code, line, column) => {
    const { pipeline, problems } = readPipeline(text, { file: 'x' });
    expect(pipeline).toBeUndefined();
    expect(problems).toMatchObject([{ code, severity: 'error', file: 'x', line, column }]);
  });

  it('a pipeline without nodes has a name and a problem', () => {
    const { pipeline, codes } = read(flow({ properties: {} }), 'a/b/my flow.pipeline');
    expect(pipeline).toMatchObject({ name: 'my flow', nodes: [], edges: [], version: 8 });
    expect(codes).toEqual(['no-nodes']);
  });

  it('a newer version is told at its place', () => {
    const text = flow({ version: 9, nodes: [node({ id: 'a' })] });
    const line = text.split('\n').findIndex(each => each.includes('"version": 9')) + 1;
    expect(readPipeline(text, { file: 'x' }).problems).toMatchObject([
      { code: 'newer-version', severity: 'error', line }
    ]);
  });
});

describe('envelope', () => {
  it('the primary pipeline counts, wherever it stands', () => {
    const other = { id: 'main', nodes: [node({ id: 'm' })], app_data: { version: 8, properties: { name: 'Main' } } };
    const { pipeline, codes } = read(
      flow({ nodes: [node({ id: 'a' })], bodies: [other], flow: { primary_pipeline: 'main' } })
    );
    expect(pipeline.name).toBe('Main');
    expect(pipeline.nodes.map(({ id }) => id)).toEqual(['m']);
    expect(codes).toEqual(['primary-not-first', 'unused-pipeline']);
  });

  it('a primary pipeline that is not there', () => {
    const { pipeline, codes } = read(flow({ nodes: [node({ id: 'a' })], flow: { primary_pipeline: 'gone' } }));
    expect(pipeline.nodes).toHaveLength(1);
    expect(codes).toEqual(['primary-missing']);
  });

  it('options of ours, comments, and text that begins with a byte order mark', () => {
    const text = flow({
      nodes: [node({ id: 'a', parameters: { oscar_target: 'edge' } })],
      properties: { name: 'x', oscar: { runtime: 'process', serial: true } },
      appData: {
        ui_data: { comments: [{ id: 'c', content: 'because', associated_id_refs: [{ id: 'r', node_ref: 'a' }] }] }
      }
    });
    const { pipeline } = read(`\ufeff${text}`);
    expect(pipeline.options).toEqual({ runtime: 'process', serial: true });
    expect(pipeline.nodes[0]).toMatchObject({ target: 'edge', comments: ['because'] });
  });
});

describe('links', () => {
  it('orders parents before children, else as the file', () => {
    const { pipeline } = read(
      flow({
        nodes: [
          node({ id: 'd', after: ['b', 'c'] }),
          node({ id: 'c', after: ['a'] }),
          node({ id: 'b', after: ['a'] }),
          node({ id: 'a' })
        ]
      })
    );
    expect(pipeline.nodes.map(({ id }) => id)).toEqual(['a', 'c', 'b', 'd']);
    expect(edges(pipeline)).toEqual(['a b', 'a c', 'b d', 'c d']);
  });

  it('tells of links from nowhere, links that are there twice, ids that are there twice', () => {
    const twice = node({ id: 'b', after: ['a', 'a', 'gone'] });
    const { pipeline, problems } = readPipeline(flow({ nodes: [node({ id: 'a' }), twice, node({ id: 'b' })] }), {
      file: 'x'
    });
    expect(problems.map(({ code, severity, link }) => [code, severity, link])).toEqual([
      ['duplicate-link', 'information', 'a>b'],
      ['dangling-link', 'error', 'gone>b'],
      ['duplicate-id', 'error', undefined]
    ]);
    expect(pipeline?.nodes.map(({ id }) => id)).toEqual(['a', 'b', 'b#2']);
    expect(pipeline?.edges).toEqual([{ from: 'a', to: 'b', link: 'a>b' }]);
  });

  it('nodes of cycles come last', () => {
    const { pipeline } = read(
      flow({ nodes: [node({ id: 'a', after: ['b'] }), node({ id: 'b', after: ['a'] }), node({ id: 'c' })] })
    );
    expect(pipeline.nodes.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
  });

  it('refuses what is not executable', () => {
    const { pipeline, problems } = readPipeline(
      flow({ nodes: [node({ id: 'm', raw: { type: 'model_node' } }), node({ id: 'a' })] }),
      { file: 'x' }
    );
    expect(problems).toMatchObject([{ code: 'unsupported-node-type', severity: 'error', node: 'm' }]);
    expect(pipeline?.nodes.map(({ id }) => id)).toEqual(['a']);
  });
});

/** `before → [ outer: [ inner: x → y ] → z ] → after`, as the canvas writes it. */
function nested(defaults: { [key: string]: unknown } = {}): string {
  const binding = (id: string, extra: object) => ({ id, type: 'binding', app_data: { ui_data: {} }, ...extra });
  const inner = {
    id: 'P2',
    nodes: [
      node({
        id: 'x',
        raw: { inputs: [{ id: 'inPort', links: [{ id: '1', node_id_ref: 'in2', port_id_ref: 'output_x_inPort' }] }] },
        parameters: { runtime_image: '' }
      }),
      node({ id: 'y', after: ['x'] }),
      binding('in2', { outputs: [{ id: 'output_x_inPort' }] }),
      binding('out2', {
        inputs: [{ id: 'input_y_outPort', links: [{ id: '2', node_id_ref: 'y', port_id_ref: 'outPort' }] }]
      })
    ],
    app_data: { ui_data: { comments: [] } }
  };
  const outer = {
    id: 'P1',
    nodes: [
      {
        id: 'S2',
        type: 'super_node',
        subflow_ref: { pipeline_id_ref: 'P2' },
        app_data: { ui_data: { label: 'inner' } },
        inputs: [
          {
            id: 'x_inPort',
            subflow_node_ref: 'in2',
            links: [{ id: '3', node_id_ref: 'in1', port_id_ref: 'output_S2_inPort' }]
          }
        ],
        outputs: [{ id: 'y_outPort', subflow_node_ref: 'out2' }]
      },
      node({
        id: 'z',
        raw: { inputs: [{ id: 'inPort', links: [{ id: '4', node_id_ref: 'S2', port_id_ref: 'y_outPort' }] }] }
      }),
      binding('in1', { outputs: [{ id: 'output_S2_inPort' }] }),
      binding('out1', {
        inputs: [{ id: 'input_z_outPort', links: [{ id: '5', node_id_ref: 'z', port_id_ref: 'outPort' }] }]
      })
    ],
    app_data: { ui_data: { comments: [] } }
  };
  const sup = {
    id: 'S1',
    type: 'super_node',
    subflow_ref: { pipeline_id_ref: 'P1' },
    app_data: { ui_data: { label: 'outer' } },
    inputs: [
      { id: 'S2_inPort', subflow_node_ref: 'in1', links: [{ id: '6', node_id_ref: 'before', port_id_ref: 'outPort' }] }
    ],
    outputs: [{ id: 'z_outPort', subflow_node_ref: 'out1' }]
  };
  const after = node({
    id: 'after',
    raw: { inputs: [{ id: 'inPort', links: [{ id: '7', node_id_ref: 'S1', port_id_ref: 'z_outPort' }] }] }
  });
  return flow({
    nodes: [node({ id: 'before' }), sup, after],
    bodies: [outer, inner],
    properties: { name: 'n', pipeline_defaults: defaults }
  });
}

describe('supernodes', () => {
  it('are opened through two levels, and get the defaults of the pipeline', () => {
    const { pipeline, codes } = read(nested({ runtime_image: 'de/fault:1', env_vars: [{ env_var: 'A', value: '1' }] }));
    expect(codes).toEqual([]);
    expect(edges(pipeline)).toEqual(['S1/S2/x S1/S2/y', 'S1/S2/y S1/z', 'S1/z after', 'before S1/S2/x']);
    expect(pipeline.nodes.map(({ id }) => id)).toEqual(['before', 'S1/S2/x', 'S1/S2/y', 'S1/z', 'after']);
    expect(pipeline.nodes[1]).toMatchObject({ image: 'de/fault:1', variables: { A: '1' } });
    expect(pipeline.nodes[2].image).toBe('org/image:1');
  });

  it('one without its body, and one that contains itself', () => {
    const text = nested().replace('"pipeline_id_ref": "P2"', '"pipeline_id_ref": "P1"');
    expect(read(text).codes).toContain('recursive-supernode');
    expect(read(nested().replace('"pipeline_id_ref": "P2"', '"pipeline_id_ref": "P9"')).codes).toContain(
      'missing-subflow'
    );
  });

  it.each([
    ['a node', [node({ id: 'leaf' })]],
    ['nothing', []]
  ])('bodies that use one another twice, with %s at the end, do not grow without bound', (_, leaves) => {
    const body = (level: number) => ({
      id: `B${level}`,
      nodes:
        level === 30
          ? leaves
          : ['l', 'r'].map(id => ({
              id,
              type: 'super_node',
              subflow_ref: { pipeline_id_ref: `B${level + 1}` },
              inputs: [],
              outputs: []
            })),
      app_data: {}
    });
    const bodies = Array.from({ length: 30 }, (_, index) => body(index + 1));
    const text = flow({ nodes: [{ id: 's', type: 'super_node', subflow_ref: { pipeline_id_ref: 'B1' } }], bodies });
    const began = Date.now();
    expect(read(text).codes).toContain('too-many-nodes');
    expect(Date.now() - began).toBeLessThan(10_000);
  });
});

describe('nodes', () => {
  const one = (parameters: { [key: string]: unknown }, extra = {}) =>
    read(flow({ nodes: [node({ id: 'a', parameters, ...extra })], properties: { pipeline_defaults: DEFAULTS } }))
      .pipeline.nodes[0];
  const DEFAULTS = {
    runtime_image: 'de/fault:1',
    env_vars: [
      { env_var: 'A', value: 'default' },
      { env_var: 'B', value: 'default' }
    ],
    kubernetes_secrets: [{ env_var: 'S', name: 's', key: 'k' }],
    mounted_volumes: [{ path: '/data', pvc_name: 'one' }],
    kubernetes_tolerations: [{ key: 'k', operator: 'Exists', value: '', effect: 'NoSchedule' }],
    kubernetes_shared_mem_size: { size: 2, units: 'G' }
  };

  it('defaults are merged by key, and the node wins', () => {
    const read = one({
      runtime_image: '',
      env_vars: [{ env_var: 'A', value: 'own' }, { env_var: 'C' }],
      kubernetes_secrets: [{ env_var: 'T', name: 't', key: 'k' }],
      mounted_volumes: [{ path: '/data', pvc_name: 'two', sub_path: 'x', read_only: true }]
    });
    expect(read.image).toBe('de/fault:1');
    expect(read.variables).toEqual({ A: 'own', B: 'default' });
    expect(read.secrets.map(({ variable }) => variable)).toEqual(['T', 'S']);
    expect(read.volumes).toEqual([{ path: '/data', claim: 'two', subPath: 'x', readOnly: true }]);
    expect(read.unsupported).toEqual([
      { property: 'kubernetes_tolerations', value: 'k:Exists::NoSchedule' },
      { property: 'kubernetes_shared_mem_size', value: '2 G' }
    ]);
  });

  it('numbers may be written as text; what is none is told', () => {
    expect(one({ cpu: '2', memory: 4, gpu: '' })).toMatchObject({ cpu: 2, memory: 4 });
    const { codes } = read(flow({ nodes: [node({ id: 'a', parameters: { memory: 'abc', cpu: true } })] }));
    expect(codes).toEqual(['bad-number', 'bad-number']);
  });

  it('a secret replaces the variable of its name', () => {
    expect(one({ env_vars: [{ env_var: 'S', value: 'plain' }] }).variables).not.toHaveProperty('S');
  });

  it('names that objects have of themselves are names like others', () => {
    const read = one({
      env_vars: [
        { env_var: '__proto__', value: 'x' },
        { env_var: 'constructor', value: 'y' }
      ]
    });
    expect(Object.entries(read.variables)).toEqual(
      expect.arrayContaining([
        ['__proto__', 'x'],
        ['constructor', 'y']
      ])
    );
  });

  it('our own operations, plain and as components write them', () => {
    expect(one({ filename: '', command: 'echo hi' }, { op: 'oscar-command' })).toMatchObject({
      kind: 'command',
      command: 'echo hi'
    });
    expect(one({ filename: undefined, service: 'ocr', inputs: ['*.png'] }, { op: 'oscar-service' })).toMatchObject({
      kind: 'service',
      call: { service: 'ocr', inputs: ['*.png'] }
    });
    expect(one({ filename: undefined, function: 'f', region: 'eu-west-1' }, { op: 'scar-function' })).toMatchObject({
      kind: 'function',
      function: { name: 'f', region: 'eu-west-1' }
    });
    const component = node({
      id: 'a',
      op: 'oscar-catalog:0123456789ab',
      parameters: { filename: undefined, service: { widget: 'string', value: 'grayify' }, output_data: '' }
    });
    (component.app_data as { component_source: string }).component_source =
      '{"catalog_type": "oscar-catalog", "component_ref": {"service": "grayify"}}';
    expect(read(flow({ nodes: [component] })).pipeline.nodes[0]).toMatchObject({
      kind: 'service',
      call: { service: 'grayify' }
    });
  });

  it('a component keeps what its catalog calls it, and needs before it what it takes', () => {
    const take = { widget: 'inputpath', value: { value: 'b', option: '' } };
    const { pipeline, codes } = read(
      flow({ nodes: [node({ id: 'a', op: 'url-catalog:1', parameters: { data: take } }), node({ id: 'b' })] })
    );
    expect(pipeline.nodes[0]).toMatchObject({ kind: 'component', component: 'a' });
    expect(codes).toEqual(['input-not-before']);
  });

  it('a label is never empty', () => {
    const bare = {
      id: 'a',
      type: 'execution_node',
      op: 'execute-python-node',
      app_data: { component_parameters: { filename: './src/x y.py' } }
    };
    expect(read(flow({ nodes: [bare] })).pipeline.nodes[0]).toMatchObject({ label: 'x y.py', filename: 'src/x y.py' });
  });

  it('parameters in all their shapes', () => {
    const { pipeline, codes } = read(
      flow({
        nodes: [node({ id: 'a' })],
        properties: {
          pipeline_parameters: [
            { name: 't', default_value: { type: 'Float', value: 0.5 }, required: false, description: 'd' },
            { name: 'n', default_value: { type: 'Integer', value: '3' } },
            { name: 'b', default_value: { type: 'Bool', value: 'true' }, required: true },
            { name: 's', default_value: { type: 'String', value: '' } },
            { name: 'plain', value: 7 },
            { name: 't' },
            { description: 'no name' }
          ]
        }
      })
    );
    expect(pipeline.parameters).toEqual([
      { name: 't', type: 'Float', description: 'd', value: 0.5, required: false },
      { name: 'n', type: 'Integer', value: 3, required: false },
      { name: 'b', type: 'Bool', value: true, required: true },
      { name: 's', type: 'String', value: '', required: false },
      { name: 'plain', type: 'Integer', value: 7, required: false }
    ]);
    expect(codes).toEqual(['duplicate-parameter', 'bad-parameter']);
  });
});

describe('AI4Compose’s recipes', () => {
  const env = (values: { [name: string]: string }) =>
    Object.entries(values).map(([env_var, value]) => ({ env_var, value }));
  const setup = node({
    id: 's',
    op: 'execute-python-node',
    parameters: {
      filename: 'setup_client.py',
      env_vars: env({ TOKEN: 'eyJhbGciOi', OSCAR_ENDPOINT: 'https://u:p@cluster.example' })
    }
  });
  const call = (id: string, after: string[], service: string, input: string, output: string) =>
    node({
      id,
      after,
      parameters: {
        filename: `invoke_service_${service}.ipynb`,
        env_vars: env({
          SERVICE_NAME: service,
          INPUT_DIR: input,
          OUTPUT_DIR: output,
          KEEP: '1',
          MINIO_CREDENCIALS: 'minio_abc'
        })
      }
    });

  it('a chain of calls hands its results on; no token is anywhere', () => {
    const result = readPipeline(
      flow({
        nodes: [setup, call('g', ['s'], 'grayify', 'input', 'grey/'), call('p', ['g'], 'plants', './grey', 'out')]
      }),
      { file: 'x.pipeline' }
    );
    expect(result.pipeline?.nodes).toMatchObject([
      {
        id: 'g',
        kind: 'service',
        dependencies: ['input/*'],
        outputs: ['grey'],
        variables: { KEEP: '1' },
        call: { service: 'grayify', inputs: ['input/*'], folder: 'grey', recipe: ['s', 'g'] }
      },
      {
        id: 'p',
        kind: 'service',
        dependencies: [],
        outputs: ['out'],
        call: { service: 'plants', inputs: ['grey/*'], recipe: ['s', 'p'] }
      }
    ]);
    expect(result.pipeline?.edges).toEqual([{ from: 'g', to: 'p', link: 'g>p' }]);
    expect(JSON.stringify(result)).not.toMatch(/eyJ|minio_abc|u:p@/);
    expect(result.problems.map(({ code }) => code)).toEqual([
      'token-in-file',
      'recipe-endpoint',
      'token-in-file',
      'token-in-file'
    ]);
  });

  it('what came before the set-up comes before the call; a set-up that others use stays', () => {
    const late = {
      ...setup,
      inputs: [{ id: 'inPort', links: [{ id: 'l', node_id_ref: 'first', port_id_ref: 'outPort' }] }]
    };
    const moved = read(flow({ nodes: [node({ id: 'first' }), late, call('g', ['s'], 'grayify', 'i', 'o')] })).pipeline;
    expect(edges(moved)).toEqual(['first g']);
    const shared = read(
      flow({ nodes: [setup, call('g', ['s'], 'grayify', 'i', 'o'), node({ id: 'other', after: ['s'] })] })
    ).pipeline;
    expect(shared.nodes.map(({ id }) => id)).toEqual(['s', 'g', 'other']);
  });

  it('a script that only has such a name stays what it is', () => {
    expect(
      read(flow({ nodes: [node({ id: 'a', parameters: { filename: 'invoke_model.ipynb' } })] })).pipeline.nodes[0].kind
    ).toBe('notebook');
  });
});

describe('size', () => {
  it('5,000 nodes and 10 MB take linear time', () => {
    const make = (count: number) =>
      flow({
        nodes: Array.from({ length: count }, (_, index) =>
          node({
            id: `n${index}`,
            after: index === 0 ? [] : [`n${(index - 1) >> 1}`],
            parameters: { memory: 'abc', env_vars: [{ env_var: 'A', value: 'x'.repeat(1000) }] }
          })
        )
      });
    const time = (text: string) => {
      const began = performance.now();
      expect(readPipeline(text, { file: 'x' }).problems.length).toBeGreaterThan(0);
      return performance.now() - began;
    };
    const small = make(500);
    const large = make(5000);
    expect(large.length).toBeGreaterThan(9_000_000);
    time(small);
    const one = Math.min(time(small), time(small), time(small));
    expect(time(large)).toBeLessThan(Math.max(40 * one, 2000));
  });
});
