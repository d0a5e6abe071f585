import { PROBLEM_PREFIX, type Problem } from '../contract';

/**
 * The one error class of the bridge: what it says is meant for the user, and becomes a problem document.
 *
 * Everything else that is thrown is a defect and becomes a 500 with a short text; its stack goes to the log.
 */
export class BridgeError extends Error {
  constructor(options: BridgeError.IOptions) {
    super(options.detail);
    this.name = 'BridgeError';
    this.problem = {
      type: PROBLEM_PREFIX + options.type,
      title: options.title,
      status: options.status,
      detail: options.detail,
      ...(options.cause === undefined ? {} : { cause: options.cause }),
      ...(options.action === undefined ? {} : { action: options.action }),
      ...options.extra
    };
  }

  /** The document that goes to the caller; texts are redacted where it is sent. */
  readonly problem: Problem;
}

export namespace BridgeError {
  export interface IOptions {
    /** Last part of the type, for instance `not-found`, `unreachable`, `unauthorized`, `invalid`, `conflict`. */
    type: string;
    title: string;
    status: number;
    detail: string;
    cause?: string;
    action?: string;
    extra?: Record<string, unknown>;
  }
}
