import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authorization,
  CredentialStore,
  EndpointAuth,
  type ICredential,
  tokenExpiry,
  writePrivateJson
} from '../../src/credentials';

const jwt = (exp: number): string =>
  `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.x`;

describe('credentials', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'oscar-credentials-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const auth = (
    credential: ICredential | undefined,
    options: { secure?: boolean; env?: NodeJS.ProcessEnv } = {}
  ): EndpointAuth =>
    new EndpointAuth({
      who: 'the cluster "x"',
      secure: options.secure ?? true,
      credential: () => credential,
      env: { SECRETS_MOUNT_PATH: join(folder, 'none'), ...options.env }
    });

  it('keeps them in a file that only its owner reads, and over a restart', () => {
    chmodSync(folder, 0o755);
    const file = join(folder, 'credentials.json');
    new CredentialStore({ file }).set('edge', { user: 'u', password: 'a password' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const again = new CredentialStore({ file });
    expect(again.get('edge')).toEqual({ user: 'u', password: 'a password' });
    again.remove('edge');
    expect(readFileSync(file, 'utf8')).not.toContain('a password');
  });

  it('says so when the file is broken, and goes on', () => {
    const file = join(folder, 'credentials.json');
    writeFileSync(file, '{');
    const log: string[] = [];
    expect(new CredentialStore({ file, log: line => log.push(line) }).get('edge')).toBeUndefined();
    expect(log).toHaveLength(1);
  });

  it('leaves nothing behind when it cannot be written', () => {
    const taken = join(folder, 'taken');
    mkdirSync(join(taken, 'credentials.json'), { recursive: true });
    expect(() => writePrivateJson(join(taken, 'credentials.json'), { a: 1 })).toThrow('could not be written');
    expect(readdirSync(taken)).toEqual(['credentials.json']);
    writeFileSync(join(folder, 'file'), '');
    expect(() => writePrivateJson(join(folder, 'file', 'credentials.json'), { a: 1 })).toThrow('could not be written');
  });

  it('reads a token file on each use', async () => {
    const file = join(folder, 'token');
    const endpoint = auth({ tokenFile: file });
    await expect(endpoint.getAuth('system')).rejects.toThrow('cannot be read');
    writeFileSync(file, 'token-one\n');
    expect(authorization(await endpoint.getAuth('system'))).toBe('Bearer token-one');
    writeFileSync(file, 'token-two');
    expect(authorization(await endpoint.getAuth('system'))).toBe('Bearer token-two');
    writeFileSync(file, '');
    await expect(endpoint.getAuth('system')).rejects.toThrow('empty');
  });

  it('takes the token of the platform first, but never in clear over the network', async () => {
    const env = { SECRETS_MOUNT_PATH: folder };
    writeFileSync(join(folder, 'access_token'), 'platform-token');
    expect(authorization(await auth({ token: 'own-token' }, { env }).getAuth('system'))).toBe('Bearer platform-token');
    expect(authorization(await auth({ token: 'own-token' }, { env, secure: false }).getAuth('system'))).toBe(
      'Bearer own-token'
    );
    expect(authorization(await auth({ user: 'oscar', password: 'ä:b' }, { env }).getAuth('system'))).toBe(
      `Basic ${Buffer.from('oscar:ä:b').toString('base64')}`
    );
  });

  it('gives /job and /run nothing but the token of the service', async () => {
    const endpoint = auth({ user: 'oscar', password: 'secret' });
    await expect(endpoint.getAuth('run', 'f'.repeat(64))).resolves.toEqual({ kind: 'service', token: 'f'.repeat(64) });
    await expect(endpoint.getAuth('job')).rejects.toThrow('token of this service');
  });

  it('shows that there is one, of which kind, and until when', () => {
    expect(auth(undefined).view()).toEqual({ configured: false });
    expect(auth({ user: 'u', password: 'p' }).view()).toEqual({ configured: true, kind: 'basic' });
    const exp = 1_900_000_000;
    expect(auth({ token: jwt(exp) }).view()).toEqual({
      configured: true,
      kind: 'token',
      expiresAt: new Date(exp * 1000).toISOString()
    });
    expect(tokenExpiry('nonsense')).toBeUndefined();
  });
});
