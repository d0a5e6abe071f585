import { BridgeError } from '../http/errors';
import { capital, causeOf, isNetworkCode, unreachable } from '../http/failures';

/** What the clients of AWS throw, as far as it is looked at. */
export interface ISdkError {
  name?: string;
  Code?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
}

export function sdkError(error: unknown): ISdkError {
  return (typeof error === 'object' && error !== null ? error : {}) as ISdkError;
}

/** The name that AWS gives its error; empty where it has none. */
export function sdkErrorName(error: unknown): string {
  const { Code, name } = sdkError(error);
  return Code ?? name ?? '';
}

/** What is the same whoever is called: it was stopped, or the clocks differ. */
export function commonProblem(error: unknown, who: string, what: string): BridgeError | undefined {
  switch (sdkErrorName(error)) {
    case 'AbortError':
      return new BridgeError({
        type: 'cancelled',
        title: 'Cancelled',
        status: 499,
        detail: `Stopped before it could ${what}.`
      });
    case 'RequestTimeTooSkewed':
      return new BridgeError({
        type: 'unauthorized',
        title: 'The clocks differ',
        status: 403,
        detail: `${capital(who)} refuses the call because its clock and the one of this machine differ too much.`,
        cause: causeOf(sdkError(error).message),
        action: 'Set the clock of this machine.'
      });
    default:
      return undefined;
  }
}

/**
 * The call ended without an answer.
 *
 * @param cause - shown when it was not the network
 */
export function unanswered(error: unknown, who: string, what: string, cause: string): BridgeError {
  const { code: given, message } = sdkError(error);
  // The SDK sometimes wraps what it got, and leaves only the text of it.
  const code =
    given ??
    (sdkErrorName(error) === 'TimeoutError' ? 'ETIMEDOUT' : /\b(E[A-Z_]{4,})\b/.exec(message ?? String(error))?.[1]);
  // Errors of the network have a code; errors of the stream that was being sent have their own words.
  return code !== undefined && (isNetworkCode(code) || /CERT|TLS/.test(code))
    ? unreachable(who, code, message ?? String(error))
    : new BridgeError({
        type: 'remote-error',
        title: 'Not done',
        status: 502,
        detail: `${capital(who)} could not ${what}.`,
        cause: causeOf(cause),
        action: 'Try again.'
      });
}
