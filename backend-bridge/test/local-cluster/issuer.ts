import { createServer, type Server } from 'node:http';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { AddressInfo } from 'node:net';

export interface ITestUser {
  sub: string;
  name: string;
  groups?: string[];
}

interface ITokenOptions {
  issuer?: string | null;
  expires?: number;
  key?: KeyObject;
  algorithm?: string;
}

/** An OpenID Connect issuer on loopback: discovery, keys, userinfo. It signs what it is asked to. */
export class TestIssuer {
  static async start(users: ITestUser[]): Promise<TestIssuer> {
    const issuer = new TestIssuer(users);
    await new Promise<void>(resolve => issuer._server.listen(0, '127.0.0.1', resolve));
    return issuer;
  }

  private constructor(private readonly _users: ITestUser[]) {
    this._server = createServer((request, response) => {
      const answer = (status: number, value: unknown): void => {
        response.writeHead(status, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(value));
      };
      this.calls.push(request.url ?? '');
      if (request.url === '/.well-known/openid-configuration') {
        answer(200, { issuer: this.url, jwks_uri: `${this.url}/keys`, userinfo_endpoint: `${this.url}/userinfo` });
      } else if (request.url === '/keys') {
        answer(200, {
          keys: [{ ...this._keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }]
        });
      } else if (request.url === '/userinfo') {
        const token = (request.headers.authorization ?? '').split('.')[1] ?? '';
        const { sub } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { sub: string };
        const user = this._users.find(each => each.sub === sub);
        answer(user ? 200 : 401, user ? { sub, name: user.name, group_membership: user.groups ?? [] } : {});
      } else {
        answer(404, {});
      }
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this._server.address() as AddressInfo).port}`;
  }

  token(sub: string, options: ITokenOptions = {}): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const issuer = options.issuer === null ? {} : { iss: options.issuer ?? this.url };
    const signed = `${part({ alg: options.algorithm ?? 'RS256', kid: 'one' })}.${part({ ...issuer, sub, iat: now, exp: now + (options.expires ?? 600) })}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), options.key ?? this._keys.privateKey).toString('base64url')}`;
  }

  /** A token like the others, signed by somebody else. */
  forged(sub: string): string {
    return this.token(sub, { key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey });
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this._server.close(() => resolve());
      this._server.closeAllConnections();
    });
  }

  readonly calls: string[] = [];
  private readonly _keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly _server: Server;
}
