import type { Readable } from 'node:stream';

/** A folder or file that a program finds at another place. */
export interface IBind {
  source: string;
  target: string;
  readOnly?: boolean;
}

export interface ILimits {
  /** Cores. */
  cpus: number;
  /** Bytes of resident memory of the program and all it starts; 0 for none. */
  memory: number;
  /** Numbers of the devices it may use. */
  gpus: number[];
}

export interface IStartOptions {
  /** Image of the service; the process runtime does not use it. */
  image: string;
  /** Program and arguments; no secrets. Undefined: the image's own command. */
  argv?: string[];
  /** All of the environment that the service asks for; the runtime adds what its place needs. */
  env: Record<string, string>;
  cwd: string;
  binds: IBind[];
  limits: ILimits;
  /** Ports on which it listens, and where they shall be reached on loopback. */
  ports: { inner: number; outer: number }[];
  /** Unique mark of this start; what it starts carries it, so that nothing gets away. */
  mark: string;
  /** Aborting it is `kill()`. */
  signal?: AbortSignal;
}

export interface IExit {
  /** Exit status; 128 + number when a signal ended it. */
  code: number;
  /** Set when it did not end by itself: `used more memory than 256Mi`. */
  reason?: string;
}

export interface IRunning {
  readonly pid: number;
  /** Standard output and error in the order in which they were written. Ends. */
  readonly output: Readable;
  /** Resolves when nothing of it lives any more. Never rejects. */
  readonly exit: Promise<IExit>;
  /** Bytes in use and the most so far, as last measured; 0 before the first measurement. */
  stats(): { memory: number; peak: number };
  /** SIGTERM to all of it, SIGKILL after the grace. Resolves when it has ended. */
  kill(): Promise<void>;
}

export interface IRuntime {
  readonly kind: 'process' | 'container';
  /** First line of a log: where this runs. */
  describe(image: string): string;
  /** Whether binds appear at their targets; otherwise the program is told by variables. */
  canBind(): Promise<boolean>;
  /**
   * @throws BridgeError when it cannot be started: image missing, program missing.
   */
  start(options: IStartOptions): Promise<IRunning>;
  /** Kills what carries one of these marks, also from before a restart. */
  sweep(matches: (mark: string) => boolean): Promise<number>;
  close(): Promise<void>;
}
