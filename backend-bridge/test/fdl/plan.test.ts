import { REQUIREMENTS_ANNOTATION, withEpilogue, type IPlanOptions, type IPlanResult } from '../../src/fdl';
import { deployed, fdl } from './fixtures';
import { plan, steps, errors, isSent, apply } from './plan-support';

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
