import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorization, EndpointAuth, OidcAgent } from '../../src/credentials';

/** An agent on a socket of its own: keeps what it was asked, answers what it is told to. */
class Agent {
  readonly asked: Record<string, unknown>[] = [];
  answer: (socket: Socket, request: Record<string, unknown>) => void = () => undefined;

  constructor(readonly path: string) {
    this._server = createServer(socket => {
      let text = '';
      socket.on('error', () => socket.destroy());
      socket.on('data', part => {
        text += part.toString();
        const request = JSON.parse(text) as Record<string, unknown>;
        this.asked.push(request);
        this.answer(socket, request);
      });
    });
  }

  listen(): Promise<void> {
    return new Promise(resolve => this._server.listen(this.path, resolve));
  }

  close(): Promise<void> {
    return new Promise(resolve => this._server.close(() => resolve()));
  }

  private readonly _server: Server;
}

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe('oidc-agent', () => {
  let folder: string;
  let agent: Agent;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'oscar-agent-'));
    agent = new Agent(join(folder, 's'));
    await agent.listen();
  });

  afterEach(async () => {
    await agent.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const auth = (env: NodeJS.ProcessEnv = {}, secure = true, token?: string): EndpointAuth =>
    new EndpointAuth({
      who: 'the cluster "x"',
      secure,
      credential: () => (token === undefined ? undefined : { token }),
      env: {
        SECRETS_MOUNT_PATH: join(folder, 'none'),
        OIDC_SOCK: agent.path,
        OIDC_AGENT_ACCOUNT: 'egi',
        ...env
      }
    });

  it('gives the token of an account, asked for once while it is good, in whatever pieces it comes', async () => {
    const expires = inSeconds(3600);
    agent.answer = socket => {
      const text = JSON.stringify({ status: 'success', access_token: 'from-agent', issuer: 'i', expires_at: expires });
      socket.write(text.slice(0, 20));
      // The connection stays open, as that of some versions does.
      setTimeout(() => socket.write(text.slice(20)), 5);
    };
    const endpoint = auth();
    expect(endpoint.view()).toEqual({ configured: true, kind: 'oidc-agent' });
    const all = await Promise.all([1, 2, 3].map(() => endpoint.getAuth('system')));
    expect(all.map(authorization)).toEqual(Array(3).fill('Bearer from-agent'));
    await endpoint.getAuth('system');
    expect(agent.asked).toEqual([
      { request: 'access_token', account: 'egi', min_valid_period: 60, application_hint: 'jupyterlab-oscar' }
    ]);
    expect(endpoint.view()).toEqual({
      configured: true,
      kind: 'oidc-agent',
      expiresAt: new Date(expires * 1000).toISOString()
    });
  });

  it('asks again when the token is about to end', async () => {
    let number = 0;
    agent.answer = socket =>
      socket.end(JSON.stringify({ status: 'success', access_token: `t${++number}`, expires_at: inSeconds(30) }));
    const endpoint = auth();
    expect(authorization(await endpoint.getAuth('system'))).toBe('Bearer t1');
    expect(authorization(await endpoint.getAuth('system'))).toBe('Bearer t2');
  });

  it('comes after the file of the platform and before our own store, and never in clear over the network', async () => {
    agent.answer = socket => socket.end('{"status":"success","access_token":"from-agent","expires_at":9999999999}');
    expect(authorization(await auth({}, true, 'own').getAuth('system'))).toBe('Bearer from-agent');
    expect(authorization(await auth({}, false, 'own').getAuth('system'))).toBe('Bearer own');
    expect(authorization(await auth({ OIDC_AGENT_ACCOUNT: '' }, true, 'own').getAuth('system'))).toBe('Bearer own');
    writeFileSync(join(folder, 'access_token'), 'platform');
    expect(authorization(await auth({ SECRETS_MOUNT_PATH: folder }).getAuth('system'))).toBe('Bearer platform');
  });

  it('says what the agent says, and tries again', async () => {
    agent.answer = socket => socket.end('{"status":"failure","error":"Account not loaded","info":"oidc-add it"}');
    const endpoint = auth();
    await expect(endpoint.getAuth('system')).rejects.toMatchObject({
      problem: {
        detail: 'oidc-agent gives no token for the account "egi".',
        cause: 'Account not loaded oidc-add it',
        action: expect.stringContaining('oidc-add egi')
      }
    });
    agent.answer = socket => socket.end('{"status":"success","access_token":"later","expires_at":9999999999}');
    expect(authorization(await endpoint.getAuth('system'))).toBe('Bearer later');
  });

  it.each([
    ['closes at once', (socket: Socket) => socket.end(), 'it closed the connection'],
    ['speaks something else', (socket: Socket) => socket.end('hello'), 'its answer is no JSON'],
    ['says nothing', () => undefined, 'no answer within 0 s']
  ])('an agent that %s is an error', async (_, answer, cause) => {
    agent.answer = answer;
    await expect(new OidcAgent({ socket: agent.path, account: 'egi', timeout: 100 }).token()).rejects.toMatchObject({
      problem: { type: expect.stringMatching(/unauthorized$/), cause }
    });
  });

  it('a socket that nobody listens at is an error', async () => {
    await expect(auth({ OIDC_SOCK: join(folder, 'gone') }).getAuth('system')).rejects.toMatchObject({
      problem: { detail: expect.stringContaining('gone'), cause: expect.stringContaining('ENOENT') }
    });
  });
});
