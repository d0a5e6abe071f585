import type { TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';
import type { Problem } from '../contract';

let trans: TranslationBundle = nullTranslator.load('jupyterlab_oscar');

/** Errors are made far from any widget: the plugin that makes the client sets their language once. */
export function translateErrors(bundle: TranslationBundle): void {
  trans = bundle;
}

/**
 * Every failure of a call to the bridge. `problem` is written for the user.
 */
export class BridgeError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'BridgeError';
  }
}

/**
 * Turn whatever was thrown into a problem that can be shown.
 */
export function toProblem(reason: unknown): Problem {
  if (reason instanceof BridgeError) {
    return reason.problem;
  }
  return {
    type: 'urn:jupyterlab-oscar:problem:page',
    title: trans.__('Something went wrong'),
    status: 0,
    detail: reason instanceof Error ? reason.message : String(reason)
  };
}

/**
 * True for an error that only says that the caller gave up.
 */
export function isAbort(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && 'name' in reason && reason.name === 'AbortError';
}

/**
 * The problem in a failed response: the bridge's own document, or one made from the status.
 */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'title' in body && 'type' in body) {
      const { title, type, detail } = body as Partial<Problem>;
      return { ...body, title: title ?? '', type: type ?? '', detail: detail ?? '', status: response.status };
    }
    if (typeof body === 'object' && body !== null && 'message' in body) {
      return fromStatus(response.status, String(body.message));
    }
  } catch {
    // Not JSON: an answer of a proxy or of Jupyter's error page.
  }
  return fromStatus(response.status);
}

function fromStatus(status: number, said?: string): Problem {
  const type = 'urn:jupyterlab-oscar:problem:server';
  const cause = said ? { cause: said } : {};
  if (status === 404) {
    return {
      type,
      status,
      title: trans.__('The server extension does not answer'),
      detail: trans.__('The Jupyter server has no jupyterlab_oscar extension, or it is turned off.'),
      action: trans.__('Run "jupyter server extension enable jupyterlab_oscar" and restart JupyterLab.'),
      ...cause
    };
  }
  if (status === 401 || status === 403) {
    return {
      type,
      status,
      title: trans.__('The Jupyter server refused the call'),
      detail: trans.__('You may have been signed out.'),
      action: trans.__('Reload the page and sign in again.'),
      ...cause
    };
  }
  return {
    type,
    status,
    title: trans.__('The Jupyter server could not answer'),
    detail: said ?? trans.__('It answered with status %1.', status),
    action: trans.__('Try again. If it stays so, restart JupyterLab.')
  };
}

/** The problem of a request that got no answer at all. */
export function unreachable(reason: unknown): BridgeError {
  return new BridgeError({
    type: 'urn:jupyterlab-oscar:problem:offline',
    title: trans.__('The Jupyter server cannot be reached'),
    status: 0,
    detail: trans.__('The call got no answer.'),
    cause: reason instanceof Error ? reason.message : String(reason),
    action: trans.__('Check that JupyterLab is still running and that you are online.')
  });
}
