import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { IOscarService } from '../../src/fdl/service';
import type { IDeployments } from '../../src/local-cluster/interfaces';
import { createDeployments } from '../../src/local-cluster/runtime';
import { eventually, place, service } from './support';

let at: ReturnType<typeof place>;
let deployments: IDeployments;

beforeEach(() => {
  at = place();
  deployments = createDeployments(at.options);
});

afterEach(async () => {
  await deployments.close();
  rmSync(at.data, { recursive: true, force: true });
});

/** A server in a few lines of the shell's nearest neighbour. */
const SERVER = (port: string, more = ''): string => `#!/usr/bin/env python3
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ${more || 'pass'}
        ok = self.path in ('/healthz', '/', '/pid')
        self.send_response(200 if ok else 404)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *args):
        print('asked', self.path, flush=True)
print('up', flush=True)
http.server.ThreadingHTTPServer(('127.0.0.1', int(${port})), Handler).serve_forever()
`;

function exposed(
  name: string,
  script: string,
  expose: Partial<IOscarService['expose']> = {},
  more: Partial<IOscarService> = {}
): IOscarService {
  const base = service(name, script, more);
  const made = {
    ...base,
    expose: {
      ...base.expose,
      min_scale: 1,
      max_scale: 2,
      api_port: [28080],
      cpu_threshold: 80,
      health_path: '/healthz',
      ...expose
    }
  };
  at.services.set(name, made);
  return made;
}

function becomes(name: string, state: string): Promise<void> {
  return eventually(() => deployments.state(name).state === state);
}

async function ask(target: { host: string; port: number } | undefined, path = '/pid'): Promise<string> {
  return await new Promise((resolve, reject) => {
    get({ ...target, path, agent: false }, response => void text(response).then(resolve, reject)).on('error', reject);
  });
}

test('starts, answers, stops, starts again', async () => {
  deployments.deploy(exposed('web', SERVER('28080')));
  expect(deployments.state('web')).toMatchObject({
    state: 'pending',
    active_instances: 1,
    affected_instances: 1,
    resource_kind: 'exposed_service'
  });
  expect(deployments.target('web')).toBeUndefined();
  await becomes('web', 'ready');
  expect(deployments.state('web')).toEqual({
    state: 'ready',
    reason: 'MinimumReplicasAvailable: Deployment has minimum availability.',
    last_transition_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    active_instances: 1,
    affected_instances: 0,
    resource_kind: 'exposed_service'
  });
  expect(deployments.target('web')).toEqual({ host: '127.0.0.1', port: 28080 });
  const pid = await ask(deployments.target('web'));
  await eventually(() => deployments.logs('web').some(({ message }) => message === 'asked /pid'));
  expect(deployments.logs('web', { timestamps: true, tail: 1 })[0].timestamp).toMatch(/Z$/);
  expect(
    deployments
      .logs('web')
      .map(({ message }) => message)
      .slice(0, 2)
  ).toEqual(['Runs as a process of this machine; the image registry.example/library/alpine is not used.', 'up']);
  await deployments.stop('web');
  expect(deployments.state('web')).toMatchObject({
    state: 'stopped',
    reason: 'Deployment is stopped.',
    active_instances: 0
  });
  await expect(ask({ host: '127.0.0.1', port: 28080 })).rejects.toThrow('ECONNREFUSED');
  await deployments.restart('web');
  expect(deployments.state('web').state).toBe('stopped');
  await deployments.start('web');
  await becomes('web', 'ready');
  const next = await ask(deployments.target('web'));
  expect(next).not.toBe(pid);
  await deployments.restart('web');
  await becomes('web', 'ready');
  expect(await ask(deployments.target('web'))).not.toBe(next);
  await deployments.remove('web');
  expect(deployments.state('web')).toMatchObject({ state: 'unavailable', resource_kind: 'unavailable' });
});

test('a second service with the same port says whose it is', async () => {
  deployments.deploy(exposed('one', SERVER('28081'), { api_port: [28081] }));
  await becomes('one', 'ready');
  deployments.deploy(exposed('two', SERVER('28081'), { api_port: [28081] }));
  await becomes('two', 'failed');
  expect(deployments.state('two').reason).toMatch(/^Port 28081 is in use by service one\./);
  await deployments.remove('one');
  await becomes('two', 'ready');
});

test('a port that another program has is said', async () => {
  const server = createServer().listen(28082, '127.0.0.1');
  try {
    deployments.deploy(exposed('late', SERVER('28082'), { api_port: [28082] }));
    await becomes('late', 'failed');
    expect(deployments.state('late').reason).toMatch(/^Port 28082 is in use by another program of this machine\./);
  } finally {
    server.close();
  }
});

test('copies of a script that takes any port, and one of them lost', async () => {
  deployments.deploy(exposed('many', SERVER("os.environ['OSCAR_EXPOSED_PORT']"), { min_scale: 2 }));
  await becomes('many', 'ready');
  const pids = [await ask(deployments.target('many')), await ask(deployments.target('many'))];
  expect(new Set(pids).size).toBe(2);
  process.kill(Number(pids[0]), 'SIGKILL');
  await becomes('many', 'degraded');
  expect(deployments.state('many')).toMatchObject({ active_instances: 2, affected_instances: 1 });
  expect(await ask(deployments.target('many'))).toBe(pids[1]);
  await becomes('many', 'ready');
});

test('what ends again and again has failed, with its exit code', async () => {
  deployments.deploy(exposed('bad', 'echo broken; exit 4\n'));
  await becomes('bad', 'failed');
  expect(deployments.state('bad').reason).toMatch(
    /^The process ended with exit code 4\. It is started again in \d+ s\.$/
  );
  expect(deployments.logs('bad').map(({ message }) => message)).toContain('broken');
});

test('what was stopped stays stopped in the next run, the rest is started', async () => {
  const [a, b] = [exposed('a', SERVER("os.environ['PORT']")), exposed('b', SERVER("os.environ['PORT']"))];
  deployments.deploy(a);
  deployments.deploy(b);
  await becomes('a', 'ready');
  await deployments.stop('a');
  await deployments.close();
  deployments = createDeployments(at.options);
  deployments.deploy(a);
  deployments.deploy(b);
  expect(deployments.state('a').state).toBe('stopped');
  await becomes('b', 'ready');
});

test("an update starts it with the new script; the paths are the manager's", async () => {
  const seen = join(at.data, 'seen');
  const script = (word: string): string =>
    SERVER("os.environ['PORT']", `open('${seen}', 'a').write('${word}' + self.path + '\\n')`).replace(
      "'/healthz', ",
      "os.environ['OSCAR_SERVICE_BASE_PATH'] + '/healthz', "
    );
  writeFileSync(seen, '');
  deployments.deploy(exposed('new', script('old'), { rewrite_target: true }));
  await becomes('new', 'ready');
  deployments.update(exposed('new', script('new'), { rewrite_target: true }));
  await eventually(() => readFileSync(seen, 'utf8').includes('new/system/services/new/exposed/healthz'));
  await becomes('new', 'ready');
});

test('a service without a port has nothing that stands', () => {
  deployments.deploy(service('job', 'true'));
  expect(deployments.state('job')).toMatchObject({
    state: 'ready',
    reason: 'Runtime service is ready.',
    resource_kind: 'knative_service',
    active_instances: 0
  });
  expect(deployments.logs('job')).toEqual([]);
});

test('its log is followed over a restart', async () => {
  const abort = new AbortController();
  deployments.deploy(exposed('followed', SERVER("os.environ['PORT']")));
  let seen = '';
  const following = (async () => {
    for await (const part of deployments.followLog('followed', { signal: abort.signal })) {
      seen += part.toString();
    }
  })();
  await becomes('followed', 'ready');
  await deployments.restart('followed');
  await eventually(() => seen.split('up\n').length === 3);
  abort.abort();
  await following;
});
