export interface IEnvironmentOptions {
  /** Python that makes it; default: the first `python3` on `path` and PATH. */
  python?: string;
  /** Folders to look for `python3` and `uv` in, before PATH. */
  path?: string[];
  /** Where environments are kept; default: `jupyterlab-oscar/environments` in the user's cache folder. */
  environments?: string;
}

export interface IEnvironmentProgress {
  /** 0 to 1; rises. */
  progress: number;
  /** What is being done, for instance `numpy (3 of 12)`. */
  message: string;
}

export interface IEnvironment {
  key: string;
  folder: string;
  /** First on PATH. */
  bin: string;
  /** Bytes on disk. */
  size: number;
  packages: string[];
}

export interface IPrepareOptions extends IEnvironmentOptions {
  onProgress?: (progress: IEnvironmentProgress) => void;
  /** Each line that uv or pip prints. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}
