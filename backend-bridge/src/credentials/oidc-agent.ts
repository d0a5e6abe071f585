import { createConnection } from 'node:net';
import { BridgeError } from '../http/errors';
import { addSecret } from '../http/redact';

/** A token that the agent gave. */
interface IAgentToken {
  token: string;
  /** Milliseconds since 1970; 0: the agent did not say it, so the token is used once. */
  expires: number;
}

export interface IOidcAgentOptions {
  /** Socket of the agent, as it tells it in `OIDC_SOCK`. */
  socket: string;
  /** Short name of the account that is loaded in the agent. */
  account: string;
  /** Milliseconds; the agent may ask the user first. Default 30 000. */
  timeout?: number;
}

/** Tokens that end sooner are not asked for, nor used again. Seconds. */
const AT_LEAST = 60;
/** An answer is one token and some words; more is something else. */
const LARGEST_ANSWER = 256 * 1024;

/**
 * The agent of this environment: fedcloudclient's two variables, so that one that is set up for it works here, too.
 *
 * Source: https://indigo-dc.gitbook.io/oidc-agent/ and https://fedcloudclient.fedcloud.eu/
 */
export function oidcAgentOf(env: NodeJS.ProcessEnv = process.env): IOidcAgentOptions | undefined {
  const socket = env['OIDC_SOCK'];
  const account = env['OIDC_AGENT_ACCOUNT'];
  return socket && account ? { socket, account } : undefined;
}

/** Access tokens from a running oidc-agent. Those it gave are used until they are about to end. */
export class OidcAgent {
  constructor(private readonly _options: IOidcAgentOptions) {}

  /** When the token at hand ends. */
  get expires(): Date | undefined {
    return this._known?.expires ? new Date(this._known.expires) : undefined;
  }

  /** @throws BridgeError `unauthorized` when there is no agent, or it does not give a token */
  async token(): Promise<string> {
    if (this._known && this._known.expires - Date.now() > AT_LEAST * 1000) {
      return this._known.token;
    }
    // Many calls at once ask once.
    this._asking ??= this._ask().finally(() => (this._asking = undefined));
    this._known = await this._asking;
    return this._known.token;
  }

  private async _ask(): Promise<IAgentToken> {
    const { account } = this._options;
    const answer = await this._exchange(
      JSON.stringify({
        request: 'access_token',
        account,
        min_valid_period: AT_LEAST,
        application_hint: 'jupyterlab-oscar'
      })
    );
    if (answer['status'] !== 'success' || typeof answer['access_token'] !== 'string' || answer['access_token'] === '') {
      const told = [answer['error'], answer['info']].filter(text => typeof text === 'string').join(' ');
      throw this._refused(`oidc-agent gives no token for the account "${account}".`, told || 'it says nothing more');
    }
    addSecret(answer['access_token']);
    const expires = Number(answer['expires_at']);
    return { token: answer['access_token'], expires: Number.isFinite(expires) ? expires * 1000 : 0 };
  }

  /** One request and its answer; some versions keep the connection open, so the answer ends where its JSON does. */
  private _exchange(request: string): Promise<Record<string, unknown>> {
    const { socket, timeout = 30_000 } = this._options;
    return new Promise((resolve, reject) => {
      let text = '';
      const connection = createConnection(socket);
      const fail = (cause: string): void => {
        connection.destroy();
        reject(this._refused(`oidc-agent does not answer at ${socket}.`, cause));
      };
      connection.setEncoding('utf8');
      connection.setTimeout(timeout, () => fail(`no answer within ${Math.round(timeout / 1000)} s`));
      connection.once('error', error => fail(error.message));
      connection.once('connect', () => connection.write(request));
      connection.on('data', (part: string) => {
        text += part;
        const answer = objectOf(text);
        if (answer) {
          connection.destroy();
          resolve(answer);
        } else if (text.length > LARGEST_ANSWER) {
          fail('its answer is too long');
        }
      });
      // After a whole answer this comes too late to change anything.
      connection.once('close', () => fail(text === '' ? 'it closed the connection' : 'its answer is no JSON'));
    });
  }

  private _refused(detail: string, cause: string): BridgeError {
    return new BridgeError({
      type: 'unauthorized',
      title: 'No token from oidc-agent',
      status: 403,
      detail,
      cause,
      action: `Start the agent and load the account (oidc-add ${this._options.account}), then try again.`
    });
  }

  private _known: IAgentToken | undefined;
  private _asking: Promise<IAgentToken> | undefined;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // Not all of it has come.
    return undefined;
  }
}
