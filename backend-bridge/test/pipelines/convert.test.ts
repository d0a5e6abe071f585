import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFdl, parseFdl } from '../../src/fdl';
import { convertPipeline, filesOf, readPipeline, type IConversion } from '../../src/pipelines';
import { convert, filesFrom, node, pipeline, serviceOf, textOf } from './convert-support';

const FOLDER = join(__dirname, '../../../../shared/data/pipelines');

/** What our own checks say of the FDL with its scripts: errors, and codes of the rest. */
function check(result: IConversion) {
  const { document, problems } = parseFdl(result.fdl);
  const scripts = Object.fromEntries(
    result.files.filter(file => file.path.endsWith('.sh')).map(file => [file.path, String(file.content)])
  );
  const all = [...problems, ...checkFdl(document, { processRuntime: true, scripts })];
  return {
    errors: all.filter(problem => problem.severity === 'error').map(problem => problem.message),
    codes: [...new Set(all.map(problem => problem.code))],
    document
  };
}

const codes = (result: IConversion): string[] => result.report.problems.map(problem => problem.code);
const items = (result: IConversion, id: string) => result.report.nodes.find(one => one.id === id)?.items ?? [];

describe('a service', () => {
  it('has the settings of the node, the script, and what else is there to know of it', () => {
    const result = convert(
      pipeline(
        [
          node('a', {
            filename: 'src/a.py',
            dependencies: ['*.txt'],
            cpu: 1,
            cpuLimit: 2,
            memory: 2,
            gpu: 2,
            variables: { YEAR: '2024', 'bad-name': 'x', API_TOKEN: 'tok-123456' },
            secrets: [{ variable: 'DB_PASS', name: 'db', key: 'password' }],
            volumes: [
              { path: '/mnt/data', claim: 'data', readOnly: true },
              { path: '/mnt/more', claim: 'more' }
            ],
            annotations: { team: 'bio: x' },
            labels: { ok: 'yes', 'not ok': 'x' },
            unsupported: [{ property: 'kubernetes_tolerations', value: 'gpu' }],
            comments: ['reads the *data*\nof the year'],
            outputs: ['/tmp/x'],
            parameters: ['db_password']
          })
        ],
        [],
        {
          name: 'Climate: 2024',
          description: 'one\ntwo',
          parameters: [{ name: 'db_password', type: 'String', value: 'tok-123456-too', required: false }]
        }
      ),
      { 'src/a.py': 'print(1)\n', 'src/b.txt': 'b', 'src/deep/c.txt': 'c', 'src/requirements.txt': 'numpy\n' }
    );
    const { errors, document } = check(result);
    expect(errors).toEqual([]);
    const name = serviceOf(result, 'a');
    expect(name).toMatch(/^climate-2024-a-[0-9a-f]{6}$/);
    expect(document.oscar).toMatchObject([
      {
        clusterId: 'default-cluster',
        service: {
          name,
          image: 'registry.example/python:3',
          script: `${name}/script.sh`,
          cpu: '2',
          memory: '2G',
          enable_gpu: true,
          log_level: 'CRITICAL',
          environment: { variables: { YEAR: '2024' }, secrets: { DB_PASS: '', API_TOKEN: '' } },
          labels: { ok: 'yes' },
          annotations: { team: 'bio: x', 'jupyterlab-oscar/pipeline': 'Climate: 2024' },
          volume: { name: 'data', mount_path: '/mnt/data' },
          input: [{ storage_provider: 'minio.default', path: `${name}/in` }],
          output: [{ storage_provider: 'minio.default', path: `${name}/out`, prefix: ['run/'] }]
        }
      }
    ]);
    const outcomes = items(result, 'a').map(item => `${item.property ?? ''}: ${item.outcome}`);
    expect(outcomes).toEqual(
      expect.arrayContaining([
        'cpu: approximated',
        'memory: mapped',
        'gpu: approximated',
        'env_vars: ignored',
        'env_vars: approximated',
        'kubernetes_secrets: approximated',
        'mounted_volumes: approximated',
        'mounted_volumes: ignored',
        'kubernetes_pod_labels: ignored',
        'kubernetes_tolerations: ignored',
        'outputs: ignored',
        'requirements: mapped'
      ])
    );
    expect(items(result, 'a').every(item => item.outcome === 'mapped' || item.reason)).toBe(true);
    expect(textOf(result, `${name}/requirements.txt`)).toBe('numpy\n');
    expect(textOf(result, 'fdl.yaml')).toContain('  # reads the *data*\n  # of the year\n');
    expect(result.services[0].secrets).toEqual(['DB_PASS', 'API_TOKEN']);
    expect(result.files.some(file => String(file.content).includes('tok-123456'))).toBe(false);
    expect(result.files.map(file => file.path)).toEqual([
      'fdl.yaml',
      `${name}/script.sh`,
      `${name}/requirements.txt`,
      'report.json'
    ]);
  });

  it('has a name that stays, differs for each user and file, and is never too long', () => {
    const name = (more: object, user?: string) =>
      serviceOf(
        convert(
          pipeline([node('x', { command: 'ls', label: '6 Träin — Save it all now.ipynb' })], [], more),
          {},
          { user }
        ),
        'x'
      );
    const names = [name({}), name({}, 'ana'), name({ file: 'other/demo.pipeline' })];
    expect(name({})).toBe(names[0]);
    expect(new Set(names).size).toBe(3);
    expect(names.every(one => one.length <= 39 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(one))).toBe(true);
    const same = convert(pipeline(['a', 'b', 'c'].map(id => node(id, { command: 'ls', label: '¿¡' }))));
    expect(new Set(same.services.map(one => one.service)).size).toBe(3);
  });
});

describe('what stands in the way', () => {
  it.each([
    ['missing-file', node('a', { filename: 'none.py' })],
    ['missing-file', node('a', { kind: 'notebook' })],
    ['missing-dependency', node('a', { filename: 'a.py', dependencies: ['x/*.py'] })],
    ['dependency-outside', node('a', { filename: 'a.py', dependencies: ['../secret'] })],
    ['missing-image', node('a', { filename: 'a.py', image: undefined })],
    ['missing-command', node('a', { command: ' ' })],
    ['component', node('a', { kind: 'component', component: 'Filter text' })],
    ['missing-service', node('a', { kind: 'service' })],
    ['missing-function', node('a', { kind: 'function' })]
  ])('%s', (code, one) => {
    const result = convert(pipeline([one]), { 'a.py': '' });
    expect(codes(result)).toEqual([code]);
    expect([result.files, result.fdl, result.services]).toEqual([[], '', []]);
    expect(items(result, 'a').filter(item => item.outcome === 'refused')).toHaveLength(1);
  });

  it('a loop, and no nodes at all', () => {
    const loop = convert(
      pipeline(
        ['a', 'b', 'c'].map(id => node(id, { command: 'ls' })),
        ['a>b', 'b>c', 'c>b']
      )
    );
    expect(loop.report.problems.map(problem => problem.message)).toEqual([expect.stringContaining('b → c → b')]);
    expect(codes(convert(pipeline([])))).toEqual(['empty']);
  });
});

describe('places', () => {
  const nodes = (targets: (string | undefined)[]) =>
    targets.map((target, i) => node(`n${i}`, { command: 'ls', outputs: ['x'], ...(target ? { target } : {}) }));

  it('of a fan-out and a join are shared paths', () => {
    const result = convert(pipeline(nodes([undefined, undefined, undefined]), ['n0>n2', 'n1>n2', 'n0>n1']));
    const { document, errors } = check(result);
    expect(errors).toEqual([]);
    const [a, b] = ['n0', 'n1'].map(id => serviceOf(result, id));
    expect(document.oscar[2].service.input).toEqual(
      [a, b].map(name => ({ storage_provider: 'minio.default', path: `${name}/next` }))
    );
    expect(document.oscar[1].service.input).toMatchObject([{ path: `${a}/next` }]);
  });

  it('between two clusters and AWS are the reader’s, with providers whose keys are not here', () => {
    const result = convert(pipeline(nodes(['edge', 'cloud', 'aws', 'cloud']), ['n0>n1', 'n1>n2', 'n2>n3', 'n1>n3']));
    const { document, errors } = check(result);
    expect(errors).toEqual([]);
    const [, b, c, d] = ['n0', 'n1', 'n2', 'n3'].map(id => serviceOf(result, id));
    expect(document.oscar.map(entry => entry.clusterId)).toEqual(['edge', 'cloud', 'cloud']);
    expect(document.oscar[0].service.output).toMatchObject([
      { storage_provider: 'minio.cloud', path: `${b}/in`, prefix: ['edge/'] },
      { storage_provider: 'minio.default' }
    ]);
    expect(document.oscar[1].service.output).toMatchObject([
      { storage_provider: 'minio.default', path: `${b}/next` },
      { storage_provider: 's3.aws', path: `${c}/in`, prefix: ['edge/'] },
      { storage_provider: 'minio.default', path: `${b}/out` }
    ]);
    expect(document.oscar[2].service.input).toMatchObject([{ path: `${b}/next` }, { path: `${d}/in` }]);
    expect(document.aws).toMatchObject([
      {
        lambda: {
          name: c,
          execution_mode: 'lambda',
          input: [{ storage_provider: 's3', path: `${c}/in` }],
          output: [
            { storage_provider: 'minio.cloud', path: `${d}/in` },
            { storage_provider: 's3', path: `${c}/out` }
          ]
        }
      }
    ]);
    expect(result.crossings).toEqual([
      { from: 'edge', to: 'cloud', provider: 'minio.cloud' },
      { from: 'cloud', to: 'aws', provider: 's3.aws' },
      { from: 'aws', to: 'cloud', provider: 'minio.cloud' }
    ]);
    expect(document.storageProviders).toMatchObject({
      minio: { cloud: { secret_key: '<secret key>' } },
      s3: { aws: { secret_key: '<secret key>' } }
    });
  });

  it('of a pipeline for SCAR are in S3; what is too large for Lambda goes to Batch', () => {
    const large = [
      node('a', { command: 'ls' }),
      node('b', { command: 'ls', memory: 16, cpu: 3 }),
      node('c', { command: 'ls', gpu: 1 }),
      node('d', { command: 'ls', annotations: { 'jupyterlab-oscar/timeout': '3600' } })
    ];
    const result = convert(pipeline(large, ['a>b', 'a>c', 'b>d', 'c>d']), {}, { target: 'scar' });
    const { document, errors } = check(result);
    expect(errors).toEqual([]);
    expect(document.oscar).toEqual([]);
    expect(document.aws.map(item => (item as { lambda: { execution_mode: string } }).lambda.execution_mode)).toEqual([
      'lambda',
      'batch',
      'batch',
      'batch'
    ]);
    expect(document.aws[1]).toMatchObject({ batch: { vcpus: 3, memory: 15259, enable_gpu: false } });
    expect(items(result, 'd').some(item => item.reason?.includes('3600 s'))).toBe(true);
  });
});

describe('the pipelines of others', () => {
  const there = existsSync(FOLDER);
  if (!there) {
    console.warn(`${FOLDER} is missing: real pipelines are not converted.`);
  }
  (there ? it : it.skip)('convert, or are refused with the reason', () => {
    const outcome: { [file: string]: string } = {};
    for (const file of readdirSync(FOLDER).filter(name => /\.(pipeline|json)$/.test(name))) {
      const read = readPipeline(readFileSync(join(FOLDER, file), 'utf8'), { file });
      if (!read.pipeline) {
        outcome[file] = `unreadable: ${read.problems.map(problem => problem.code).join()}`;
        continue;
      }
      // Their notebooks are not here: one of each name stands for them.
      const files = Object.fromEntries(
        filesOf(read.pipeline)
          .filter(need => !need.path.endsWith('requirements.txt'))
          .map(need => [need.pattern ? need.path.replace(/[*?[\]]+/g, 'x') : need.path, '{"cells":[]}'])
      );
      const result = convertPipeline(read.pipeline, { files: filesFrom(files), target: 'oscar' });
      const bad = result.report.problems.filter(problem => problem.severity === 'error');
      if (result.fdl !== '') {
        expect([file, check(result).errors]).toEqual([file, []]);
        expect([file, bad]).toEqual([file, []]);
      } else {
        expect([file, bad.length]).not.toEqual([file, 0]);
      }
      outcome[file] =
        result.fdl !== '' ? `${result.services.length} services` : [...new Set(bad.map(one => one.code))].sort().join();
    }
    expect(outcome).toMatchSnapshot();
  });
});
