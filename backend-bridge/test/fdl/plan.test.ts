import {
  planFdl,
  REQUIREMENTS_ANNOTATION,
  withEpilogue,
  type IOscarService,
  type IPlanOptions,
  type IPlanResult,
  type PlanAction
} from '../../src/fdl';
import { deployed, fdl, read } from './fixtures';

const SCRIPTS = { 'script.sh': '#!/bin/sh\necho\n', 'a.sh': 'a\n', 'b.sh': 'b\n', 'c.sh': 'c\n', 's.sh': 's\n' };

function plan(text: string, options: Partial<IPlanOptions> = {}): IPlanResult {
  return planFdl({ document: read(text), deployed: [], buckets: [], scripts: SCRIPTS, ...options });
}

function steps(result: IPlanResult): string[] {
  return result.steps.map(step => `${step.action} ${step.kind} ${step.name}`);
}

function errors(result: IPlanResult): string[] {
  return result.problems.filter(problem => problem.severity === 'error').map(problem => problem.code);
}

function service(name: string, input: string, output: string): string {
  return `  - c:\n      name: ${name}\n      image: i\n      script: ${name[0]}.sh\n      input:\n      - {storage_provider: minio, path: ${input}}\n      output:\n      - {storage_provider: minio.default, path: ${output}}\n`;
}

const flow = (...services: string[]) => `functions:\n  oscar:\n${services.join('')}`;

type Sent = Extract<PlanAction, { service: Partial<IOscarService> }>;
const isSent = (action: PlanAction): action is Sent =>
  action.type === 'create-service' || action.type === 'update-service';

/** Carries the actions out on a list of services, buckets and notifications, as a cluster does. */
function apply(
  result: IPlanResult,
  before: IOscarService[] = []
): Pick<IPlanOptions, 'deployed' | 'buckets' | 'notifications'> {
  const services = new Map(before.map(item => [item.name, item]));
  const buckets = new Set(before.flatMap(item => [...item.input, ...item.output].map(io => io.path.split('/')[0])));
  const notifications: Record<string, { arn: string; prefix: string }[]> = {};
  for (const action of result.actions) {
    if (action.type === 'create-service') {
      for (const bucket of new Set(
        [...(action.service.input ?? []), ...(action.service.output ?? [])].map(io => io.path.split('/')[0])
      )) {
        // What a real cluster answers with 500.
        expect(buckets.has(bucket)).toBe(false);
      }
    }
    if (isSent(action)) {
      const old = services.get(action.name);
      services.set(
        action.name,
        deployed(
          action.service,
          old
            ? {
                token: old.token,
                environment: {
                  variables: action.service.environment?.variables ?? {},
                  secrets: action.service.environment?.secrets ?? old.environment.secrets
                }
              }
            : {}
        )
      );
      [...(action.service.input ?? []), ...(action.service.output ?? [])].forEach(io =>
        buckets.add(io.path.split('/')[0])
      );
    } else if (action.type === 'link') {
      expect(buckets.has(action.bucket)).toBe(true);
      const target = services.get(action.service);
      // The webhook exists only when the service has an input of its own in MinIO.
      expect(target?.input.length).toBeGreaterThan(0);
      (notifications[action.bucket] ??= []).push({ arn: action.arn, prefix: action.prefix });
    }
  }
  return { deployed: [...services.values()], buckets: [...buckets].map(name => ({ name })), notifications };
}

const ONE = fdl(
  "memory: 512Mi\ncpu: '0.5'\ninput:\n- storage_provider: minio\n  path: cowsay/in\noutput:\n- storage_provider: minio\n  path: cowsay/out"
);

describe('one service', () => {
  it('is created with its bucket, folders and script', () => {
    const result = plan(ONE);
    expect(errors(result)).toEqual([]);
    expect(steps(result)).toEqual([
      'create bucket cowsay',
      'create folder cowsay/in',
      'create folder cowsay/out',
      'create script script.sh',
      'create service cowsay'
    ]);
    expect(result.steps[3].reason).toContain('OSCAR-EXIT');
    expect(result.actions).toEqual([
      {
        type: 'create-service',
        steps: [0, 1, 2, 3, 4],
        name: 'cowsay',
        buckets: ['cowsay'],
        service: {
          name: 'cowsay',
          memory: '512Mi',
          cpu: '0.5',
          image: 'ghcr.io/grycap/cowsay',
          input: [{ storage_provider: 'minio.default', path: 'cowsay/in' }],
          output: [{ storage_provider: 'minio.default', path: 'cowsay/out' }],
          script: withEpilogue('#!/bin/sh\necho\n')
        }
      }
    ]);
  });

  it('is left alone the second time, whatever the server added', () => {
    const again = plan(ONE, apply(plan(ONE)));
    expect(again.actions).toEqual([]);
    expect(again.steps.every(step => step.action === 'keep')).toBe(true);
    const odd = apply(plan(ONE)).deployed.map(item => ({
      ...item,
      cpu: '500m',
      memory: '0.5Gi',
      image: item.image,
      script: item.script.replace(/\n$/, ''),
      input: [{ storage_provider: 'minio', path: '/cowsay/in/' }],
      cluster_id: 'x',
      annotations: { 'oscar.grycap.io/previous-replicas': '1' },
      isolation_level: 'SERVICE'
    }));
    expect(plan(ONE, { deployed: odd, buckets: [{ name: 'cowsay' }] }).actions).toEqual([]);
  });

  it('is changed with everything that a PUT would lose', () => {
    const before = apply(plan(ONE)).deployed.map(item => ({
      ...item,
      owner: 'u1',
      vo: 'vo.x',
      labels: { ...item.labels, 'kueue.x-k8s.io/queue-name': 'q' },
      annotations: { other: 'y' },
      environment: { variables: {}, secrets: { KEY: '' } }
    }));
    const result = plan(ONE.replace('512Mi', '1Gi'), { deployed: before, buckets: [{ name: 'cowsay' }] });
    expect(result.steps.filter(step => step.action !== 'keep')).toEqual([
      { action: 'change', kind: 'service', name: 'cowsay', reason: 'memory: 512Mi → 1Gi' }
    ]);
    const [action] = result.actions.filter(isSent);
    expect(action.type).toBe('update-service');
    expect(action.service).toMatchObject({
      memory: '1Gi',
      owner: 'u1',
      vo: 'vo.x',
      namespace: 'oscar-svc',
      annotations: { other: 'y' }
    });
    expect(action.service.labels).toEqual(before[0].labels);
    expect(action.service.environment).toEqual({ variables: {} });
    expect(action.service.token).toBeUndefined();
    expect(result.notes.join()).toContain('KEY');
  });

  it('gets its secrets only from the file', () => {
    const text = ONE.replace(
      "      cpu: '0.5'\n",
      "      cpu: '0.5'\n      environment:\n        secrets: {KEY: value}\n"
    );
    const first = plan(text);
    expect(first.actions.filter(isSent)[0].service.environment).toEqual({ secrets: { KEY: 'value' } });
    const again = plan(text, apply(first));
    expect(again.actions.filter(isSent)[0].service.environment).toEqual({ variables: {}, secrets: { KEY: 'value' } });
    expect(JSON.stringify(again.steps)).not.toContain('value');
    const empty = plan(text.replace('KEY: value', "KEY: ''"), apply(first));
    expect(empty.actions).toEqual([]);
  });

  it('keeps its script as it is with rawScript and when exposed', () => {
    expect(plan(ONE, { rawScript: true }).actions.filter(isSent)[0].service.script).toBe('#!/bin/sh\necho\n');
    const exposed = fdl('expose:\n  min_scale: 1\n  max_scale: 1\n  cpu_threshold: 80\n  api_port: [80]');
    const result = plan(exposed);
    expect(result.actions.filter(isSent)[0].service.script).toBe('#!/bin/sh\necho\n');
    expect(result.steps.map(step => step.reason)).toContain('as it is');
    const raw = apply(plan(ONE, { rawScript: true }));
    expect(
      plan(ONE, raw)
        .steps.filter(step => step.action === 'change')
        .map(step => step.kind)
    ).toEqual(['script', 'service']);
  });

  it('says that node ports are not opened on this machine', () => {
    const text = `functions:
  oscar:
  - c:
      name: web
      image: none
      script: s.sh
      expose:
        min_scale: 1
        max_scale: 1
        cpu_threshold: 80
        api_port: [8080]
        nodePort: [30080]
`;
    const note = 'The node ports of web are not opened on this machine: it is reached at its path only.';
    expect(plan(text, { features: ['requirements'] }).notes).toContain(note);
    expect(plan(text).notes).not.toContain(note);
  });

  it('sends requirements where the cluster installs them, and says so where not', () => {
    const requirements = { cowsay: 'pillow>=10\n# no\nnumpy[x]>1  # no-deps\n' };
    const text = ONE.replace(
      "      cpu: '0.5'\n",
      "      cpu: '0.5'\n      annotations: {jupyterlab-oscar/runtime: process}\n"
    );
    const result = plan(text, { requirements, features: ['requirements'], sizes: { cowsay: 361_000_000 } });
    const step = result.steps.find(item => item.kind === 'environment');
    expect(step).toMatchObject({
      action: 'create',
      name: 'cowsay',
      reason: '2 packages of requirements.txt, about 361 MB; made once and kept; numpy without what it asks for'
    });
    expect(result.actions.filter(isSent)[0].service.annotations).toEqual({
      'jupyterlab-oscar/runtime': 'process',
      [REQUIREMENTS_ANNOTATION]: requirements.cowsay
    });
    expect(result.notes.join()).toContain('ghcr.io/grycap/cowsay is not used');
    const plain = plan(text, { requirements });
    expect(plain.actions.filter(isSent)[0].service.annotations).not.toHaveProperty([REQUIREMENTS_ANNOTATION]);
    expect(plain.notes.join()).toContain('requirements.txt');
    expect(plan(text, { requirements, features: ['requirements'], ...apply(result) }).actions).toEqual([]);
    const changed = plan(text, { requirements: { cowsay: 'pillow\n' }, features: ['requirements'], ...apply(result) });
    expect(steps(changed).filter(line => !line.startsWith('keep'))).toEqual([
      'create environment cowsay',
      'change service cowsay'
    ]);
  });
});

describe('buckets of users', () => {
  const ISOLATED = fdl(
    'visibility: restricted\nisolation_level: USER\nallowed_users: [0a1b2c3d4e5f@egi.eu, bob]\ninput: [{storage_provider: minio, path: cowsay/in}]'
  );
  const there = (): Pick<IPlanOptions, 'deployed' | 'buckets' | 'notifications'> => {
    const state = apply(plan(ISOLATED));
    state.deployed[0].bucket_list = ['cowsay-0a1b2c3d4e', 'cowsay-bob'];
    return state;
  };
  const lost = (text: string) => {
    const result = plan(text, there());
    const problem = result.problems.find(item => item.code === 'user-bucket-deleted');
    const gone = steps(result).filter(line => line.startsWith('delete bucket'));
    return { result, problem, gone };
  };

  it('go with a user that is taken off, and the plan says so', () => {
    const { result, problem, gone } = lost(ISOLATED.replace('0a1b2c3d4e5f@egi.eu, ', ''));
    expect(problem).toMatchObject({ severity: 'warning', line: 9 });
    expect(problem?.message).toContain('cowsay-0a1b2c3d4e');
    expect(problem?.message).not.toContain('cowsay-bob');
    expect(gone).toEqual(['delete bucket cowsay-0a1b2c3d4e']);
    // The step is carried out by the change of the service.
    const index = result.steps.findIndex(step => step.action === 'delete');
    expect(result.actions.some(action => action.type === 'update-service' && action.steps.includes(index))).toBe(true);
  });

  it('go when nothing starts the service any more', () => {
    const { gone } = lost(ISOLATED.replace(/\n +input:.*/, ''));
    expect(gone).toEqual(['delete bucket cowsay-0a1b2c3d4e', 'delete bucket cowsay-bob']);
  });

  it.each([
    ['with another user more', ISOLATED.replace('bob]', 'bob, carol]')],
    ['with the users in another order', ISOLATED.replace('0a1b2c3d4e5f@egi.eu, bob', 'bob, 0a1b2c3d4e5f@egi.eu')],
    ['as a service of its own', ISOLATED.replace('isolation_level: USER', 'isolation_level: SERVICE')]
  ])('stay %s', (_, text) => {
    const { problem, gone } = lost(text);
    expect(problem).toBeUndefined();
    expect(gone).toEqual([]);
  });
});

describe('what would do harm is refused', () => {
  it.each<[string, string, Partial<IPlanOptions>, string]>([
    ['a bucket of somebody else', ONE, { buckets: [{ name: 'cowsay' }] }, 'bucket-exists'],
    ['a service of another user', ONE, { ...apply(plan(ONE)), user: 'u2' }, 'name-taken'],
    ['a service of the same name of the administrator', ONE, { ...apply(plan(ONE)), user: 'abc@egi.eu' }, 'name-taken'],
    ['a file with an error', ONE.replace('0.5', 'x'), {}, 'bad-quantity'],
    ['a script that is not there', ONE, { scripts: { 'script.sh': null } }, 'script-missing'],
    ['a text that is no YAML', '{', {}, 'yaml-syntax']
  ])('%s', (_name, text, options, code) => {
    const result = plan(text, options);
    expect(errors(result)).toContain(code);
    expect(result.actions).toEqual([]);
    expect(result.steps).toEqual([]);
  });

  it('takes a bucket that exists where the cluster does', () => {
    const result = plan(ONE, { buckets: [{ name: 'cowsay' }], features: ['existing-bucket'] });
    expect(errors(result)).toEqual([]);
    expect(steps(result)).toContain('keep bucket cowsay');
    expect(result.actions).toMatchObject([{ type: 'create-service', buckets: [] }]);
  });

  it('comes back to the data that a deleted service left, without touching them', () => {
    const result = plan(ONE, { buckets: [{ name: 'cowsay', fromService: 'cowsay' }] });
    expect(errors(result)).toEqual([]);
    const [create, attach, link] = result.actions;
    expect(create).toMatchObject({
      type: 'create-service',
      service: { input: [{ path: 'cowsay-own/in' }], output: [] },
      buckets: ['cowsay-own']
    });
    expect(attach).toMatchObject({
      type: 'update-service',
      expect: { input: ['cowsay-own/in'], output: ['cowsay/out'] }
    });
    expect(link).toMatchObject({ type: 'link', bucket: 'cowsay', prefix: 'in/', arn: 'arn:minio:sqs::cowsay:webhook' });
    const after = apply({ ...result, actions: [] });
    const sent = result.actions.filter(isSent).map(action => action.service);
    const again = plan(ONE, {
      ...after,
      deployed: [deployed(sent[1])],
      buckets: [{ name: 'cowsay', fromService: 'cowsay' }, { name: 'cowsay-own' }],
      notifications: { cowsay: [{ arn: 'arn:minio:sqs::cowsay:webhook', prefix: 'in/' }] }
    });
    expect(again.actions).toEqual([]);
  });

  it('never sends a size for a volume that exists', () => {
    const text = fdl('volume:\n  name: cache\n  size: 1Gi\n  mount_path: /data\n  lifecycle_policy: retain');
    const volumeOf = (result: IPlanResult) => result.actions.filter(isSent)[0]?.service.volume;
    expect(volumeOf(plan(text, { volumes: [] }))).toEqual({
      name: 'cache',
      size: '1Gi',
      mount_path: '/data',
      lifecycle_policy: 'retain'
    });
    expect(volumeOf(plan(text, { volumes: ['cache'] }))).toEqual({ name: 'cache', mount_path: '/data' });
    const other = deployed({
      name: 'other',
      image: 'i',
      script: 's',
      volume: { name: 'cache', size: '1Gi', mount_path: '/x' }
    });
    expect(volumeOf(plan(text, { deployed: [other] }))).toEqual({ name: 'cache', mount_path: '/data' });
    expect(plan(text).problems.map(problem => problem.code)).toContain('volume-unseen');
    const first = apply(plan(text, { volumes: [] }));
    expect(plan(text, { ...first, volumes: ['cache'] }).actions).toEqual([]);
    expect(errors(plan(text.replace('/data', '/other'), { ...first, volumes: ['cache'] }))).toEqual(['volume-fixed']);
  });
});

describe('services that feed one another', () => {
  const check = (text: string, expected: string[], options: Partial<IPlanOptions> = {}) => {
    const result = plan(text, options);
    expect(errors(result)).toEqual([]);
    const links = result.actions.flatMap(action =>
      action.type === 'link' ? [`${action.bucket}/${action.prefix} → ${action.service}`] : []
    );
    expect(links).toEqual(expected);
    const after = apply(result, options.deployed);
    const again = plan(text, { ...options, ...after });
    expect(again.actions).toEqual([]);
    return { result, services: new Map(after.deployed.map(item => [item.name, item])) };
  };

  it("keep the first one's bucket when the path is its own", () => {
    const { result, services } = check(
      flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'aaa/out', 'bbb/out')),
      ['aaa/out/ → bbb']
    );
    expect(services.get('aaa')?.output).toEqual([{ storage_provider: 'minio.default', path: 'aaa/out' }]);
    expect(services.get('bbb')?.input).toEqual([{ storage_provider: 'minio.default', path: 'bbb/in' }]);
    expect(JSON.parse(services.get('bbb')?.environment.variables.OSCAR_LINKS ?? '')).toEqual([
      { from: 'aaa', path: 'aaa/out', bucket: 'aaa', prefix: 'out' }
    ]);
    expect(result.links).toEqual([{ from: 'aaa', to: 'bbb', path: 'aaa/out', bucket: 'aaa', prefix: 'out' }]);
    expect(steps(result).pop()).toBe('link link aaa → bbb');
  });

  it("write into a bucket of their own when the path is the second one's", () => {
    const { services } = check(flow(service('aaa', 'aaa/in', 'bbb/in'), service('bbb', 'bbb/in', 'bbb/out')), [
      'aaa/to-bbb/ → bbb'
    ]);
    expect(services.get('aaa')?.output[0].path).toBe('aaa/to-bbb');
    expect(services.get('bbb')?.input[0].path).toBe('bbb/in');
  });

  it('share a neutral bucket', () => {
    const { services } = check(flow(service('aaa', 'data/in', 'data/mid'), service('bbb', 'data/mid', 'data/out')), [
      'data/mid/ → bbb'
    ]);
    expect(services.get('bbb')?.output[0].path).toBe('data/out');
    expect(services.get('bbb')?.input[0].path).toBe('bbb/in');
  });

  it('fan out and in', () => {
    const text = flow(
      service('aaa', 'aaa/in', 'aaa/out'),
      service('bbb', 'aaa/out', 'bbb/out'),
      service('ccc', 'aaa/out', 'ccc/out')
    );
    check(text, ['aaa/out/ → bbb', 'aaa/out/ → ccc']);
    const join = flow(
      service('aaa', 'aaa/in', 'ccc/in'),
      service('bbb', 'bbb/in', 'ccc/in'),
      service('ccc', 'ccc/in', 'ccc/out')
    );
    const { services } = check(join, ['aaa/to-ccc/ → ccc', 'bbb/to-ccc/ → ccc']);
    expect(
      JSON.parse(services.get('ccc')?.environment.variables.OSCAR_LINKS ?? '').map(
        (link: { from: string }) => link.from
      )
    ).toEqual(['aaa', 'bbb']);
  });

  it('are ordered by the flow, not by the file', () => {
    const { result } = check(flow(service('bbb', 'aaa/out', 'bbb/out'), service('aaa', 'aaa/in', 'aaa/out')), [
      'aaa/out/ → bbb'
    ]);
    expect(result.services).toEqual(['bbb', 'aaa']);
    expect(result.actions.filter(isSent).map(action => action.name)).toEqual(['aaa', 'bbb']);
  });

  it('follow a folder below the path', () => {
    check(flow(service('aaa', 'aaa/in', 'bbb/in/sub'), service('bbb', 'bbb/in', 'bbb/out')), ['aaa/to-bbb/ → bbb']);
    check(flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'aaa/out/png', 'bbb/out')), ['aaa/out/png/ → bbb']);
    check(flow(service('aaa', 'aaa/in', 'bbb/all'), service('bbb', 'bbb/all/png', 'bbb/out')), [
      'aaa/to-bbb/png/ → bbb'
    ]);
  });

  it('meet services that are there already', () => {
    const ocr = deployed({
      name: 'ocr',
      image: 'i',
      script: 's',
      input: [{ storage_provider: 'minio.default', path: 'ocr/in' }],
      output: [{ storage_provider: 'minio.default', path: 'ocr/out' }]
    });
    const { services } = check(
      flow(service('aaa', 'ocr/out', 'ocr/in/deep').replace('ocr/in/deep', 'aaa/out')),
      ['ocr/out/ → aaa'],
      { deployed: [ocr], buckets: [{ name: 'ocr' }] }
    );
    expect(services.get('aaa')?.input[0].path).toBe('aaa/in');
    const feed = check(flow(service('aaa', 'aaa/in', 'ocr/in')), ['aaa/to-ocr/ → ocr'], {
      deployed: [ocr],
      buckets: [{ name: 'ocr' }]
    });
    expect(feed.services.get('aaa')?.output[0].path).toBe('aaa/to-ocr');
  });

  it('lose a link that is not in the file any more', () => {
    const first = plan(flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'aaa/out', 'bbb/out')));
    const after = apply(first);
    const text = flow(service('aaa', 'aaa/in', 'aaa/out'), service('bbb', 'bbb/in', 'bbb/out'));
    const result = plan(text, after);
    expect(result.actions.map(action => action.type)).toEqual(['update-service', 'unlink']);
    expect(result.steps.filter(step => step.action === 'delete')).toMatchObject([{ kind: 'link', name: 'aaa → bbb' }]);
    expect(result.actions.filter(isSent)[0].service.environment?.variables).toEqual({});
  });

  it('are connected by POST and PUT when the object store cannot be reached', () => {
    const text = flow(service('aaa', 'aaa/in', 'bbb/in'), service('bbb', 'bbb/in', 'bbb/out'));
    const result = plan(text, { storage: false });
    expect(errors(result)).toEqual([]);
    expect(
      result.actions.map(action => [
        action.type,
        'name' in action ? action.name : '',
        'service' in action && typeof action.service === 'object' ? action.service.output?.map(io => io.path) : []
      ])
    ).toEqual([
      ['create-service', 'aaa', []],
      ['create-service', 'bbb', ['bbb/out']],
      ['update-service', 'aaa', ['bbb/in']]
    ]);
    expect(plan(text, { storage: false, ...apply(result) }).actions).toEqual([]);
    const fan = flow(
      service('aaa', 'aaa/in', 'aaa/out'),
      service('bbb', 'aaa/out', 'bbb/out'),
      service('ccc', 'aaa/out', 'ccc/out')
    );
    expect(errors(plan(fan, { storage: false }))).toEqual(['needs-storage', 'needs-storage']);
  });

  it('plan a thousand services in a row in time', () => {
    const many = flow(
      ...Array.from({ length: 1000 }, (_, i) =>
        service(`srv${i}`, i === 0 ? 'srv0/in' : `srv${i - 1}/out`, `srv${i}/out`)
      )
    );
    const start = Date.now();
    const result = plan(many);
    expect(errors(result)).toEqual([]);
    expect(result.links).toHaveLength(999);
    expect(Date.now() - start).toBeLessThan(8000);
  });
});

it('never puts credentials of clusters into a service, and of providers only those it uses', () => {
  const top =
    'clusters:\n  other: {endpoint: https://o, auth_user: u, auth_password: hunter2}\nstorage_providers:\n  s3:\n    used: {access_key: K1, secret_key: S1, region: r}\n    unused: {access_key: K2, secret_key: S2, region: r}\n';
  const text = fdl(
    'input:\n- storage_provider: minio\n  path: cowsay/in\noutput:\n- storage_provider: s3.used\n  path: bucket/out',
    top
  );
  const sent = JSON.stringify(plan(text).actions);
  expect(sent).not.toContain('hunter2');
  expect(sent).not.toContain('K2');
  expect(plan(text).actions.filter(isSent)[0].service.storage_providers).toEqual({
    s3: { used: { access_key: 'K1', secret_key: 'S1', region: 'r' } }
  });
  expect(plan(text).actions.filter(isSent)[0].service.clusters).toBeUndefined();
  const steps = JSON.stringify([plan(text).steps, plan(text).notes]);
  expect(steps).not.toContain('S1');
});
