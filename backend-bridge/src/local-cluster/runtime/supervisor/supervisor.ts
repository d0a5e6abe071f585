import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { IOscarService } from '../../../fdl/service';
import type { IObjectStore } from '../../interfaces';
import { DISK_FULL } from '../../disk-full';
import type { IServiceFiles } from '../service-files';
import type { IBind, IExit, ILimits, IRuntime } from '../runtime';
import { SupervisorError } from './errors';
import { parseEvent, type IStorageEvent, type IUnknownEvent } from './events';
import { SupervisorLog } from './log';
import { outputFiles, splitPath, splitProvider, takes, type IOutputFile } from './outputs';
import { fileReply, OutputBuffer } from './reply';
import { openStorage, type IStorage } from './storage';

export interface IExecutionOptions {
  service: IOscarService;
  body: Buffer;
  /** Folder of this execution alone; its removal is the caller's. */
  folder: string;
  files: IServiceFiles;
  runtime: IRuntime;
  limits: ILimits;
  mark: string;
  /** Variables of the place: service, job, environment's PATH. User's variables are added here. */
  variables: Record<string, string>;
  binds: IBind[];
  store: IObjectStore;
  ownEndpoint: string;
  principal?: string;
  strict: boolean;
  /** The answer is wanted: what was printed is kept in memory. */
  sync: boolean;
  log: (data: Buffer | string) => void;
  /** The script has ended; what it left is still to be stored. */
  onExit?: () => void;
  signal: AbortSignal;
}

export interface IExecution {
  /** False when the job failed. */
  ok: boolean;
  /** Why it failed, one sentence. */
  reason?: string;
  exitCode?: number;
  outputs: { bucket: string; key: string; size: number }[];
  /** Of a synchronous call: what the supervisor prints. */
  reply: Buffer;
}

/**
 * One execution of a service, as faas-supervisor does it: read the event, fetch the input, run the script, store the
 * outputs, answer. Never rejects for what the event, the script or a storage did.
 */
export class Supervisor {
  constructor(private readonly _options: IExecutionOptions) {
    this._log = new SupervisorLog(_options.service.log_level, line => {
      _options.log(line);
      if (_options.sync && _options.strict) {
        this._logged.push(Buffer.from(line));
      }
    });
  }

  async run(): Promise<IExecution> {
    try {
      return await this._run();
    } catch (error) {
      if (this._options.signal.aborted) {
        return this._failed('It was cancelled.', {});
      }
      if (error instanceof SupervisorError) {
        error.printed.forEach(line => this._options.log(`${line}\n`));
        this._log.line('ERROR', error.message);
        return this._failed(error.printed[1] ?? error.message, { printed: error.printed });
      }
      // What the runtime refuses (an image that is missing), and what the machine does (a full disk), has a text of its own.
      const problem = (error as { problem?: { detail: string; action?: string } }).problem;
      const message = problem ? [problem.detail, problem.action].filter(Boolean).join(' ') : describe(error);
      this._log.line('ERROR', message);
      return this._failed(message, {});
    }
  }

  private async _run(): Promise<IExecution> {
    const { service, files, strict } = this._options;
    const input = join(this._options.folder, 'i');
    const output = join(this._options.folder, 'o');
    mkdirSync(input, { recursive: true, mode: 0o700 });
    mkdirSync(output, { recursive: true, mode: 0o700 });
    const parsed = parseEvent(this._options.body, { input: service.input, strict });
    parsed.log.forEach(({ level, message }) => this._log.line(level, message));
    const env: Record<string, string> = { ...parsed.variables, TMP_INPUT_DIR: input, TMP_OUTPUT_DIR: output };
    const { event } = parsed;
    if (event.kind === 'storage') {
      set(env, 'STORAGE_OBJECT_KEY', event.key);
      set(env, 'EVENT_TIME', event.time);
      set(env, 'EVENT', event.event);
    }
    this._log.info('Reading storage configuration');
    this._warnOfMissing(service);
    this._log.info('SUPERVISOR: Initializing Binary supervisor');
    if (service.file_stage_in === true) {
      this._log.info('Skipping download of input file.');
    } else {
      const file = await this._input(event, input);
      if (file === undefined) {
        this._log.info('A folder was made; there is no file to work on.');
        return { ok: true, outputs: [], reply: Buffer.alloc(0) };
      }
      env.INPUT_FILE_PATH = file;
      this._log.info(`INPUT_FILE_PATH variable set to '${file}'`);
    }
    this._log.info(`Script file found in '${files.script}'`);
    const { exit, printed } = await this._script(env);
    if (this._options.signal.aborted) {
      return this._failed('It was cancelled.', { exit });
    }
    if (exit.reason !== undefined) {
      return this._failed(`It ${exit.reason}.`, { exit });
    }
    const found = outputFiles(output);
    // The answer is read before the files move away.
    const answer = event.kind === 'unknown' && (this._options.sync || strict) ? await fileReply(found) : undefined;
    const outputs = await this._outputs(found, output, event);
    this._log.info('Creating response');
    const reply = answer ?? printed.text();
    if (strict) {
      this._options.log(Buffer.concat([reply, NEWLINE]));
    }
    const failed = exit.code !== 0 && !strict;
    return {
      ok: !failed,
      ...(failed ? { reason: `The script ended with exit code ${exit.code}.` } : {}),
      exitCode: exit.code,
      outputs,
      reply: Buffer.concat([...this._logged, reply, NEWLINE])
    };
  }

  /** The input file; undefined when there is none because a folder was made. */
  private async _input(event: IStorageEvent | IUnknownEvent, folder: string): Promise<string | undefined> {
    if (event.kind === 'unknown') {
      this._log.info("Found 'LOCAL' input provider");
      const path = join(folder, `event-file-${randomUUID()}`);
      writeFileSync(path, event.content(), { mode: 0o600 });
      return path;
    }
    if (event.fileName === '') {
      if (this._options.strict) {
        throw new SupervisorError(`IsADirectoryError: [Errno 21] Is a directory: '${folder}/'`);
      }
      return undefined;
    }
    const storage = this._storage(event.provider, event.providerId);
    if (!storage || event.bucket === undefined) {
      throw new SupervisorError(missing(event.provider, event.providerId));
    }
    const path = join(folder, event.fileName);
    this._log.info(`Found '${event.provider.toUpperCase()}' input provider`);
    this._log.info(`Downloading item from bucket '${event.bucket}' with key '${event.key}'`);
    await storage.download(event.bucket, event.key, path);
    this._log.info(`Successful download of file '${event.key}' from bucket '${event.bucket}' in path '${path}'`);
    return path;
  }

  private async _script(env: Record<string, string>): Promise<{ exit: IExit; printed: OutputBuffer }> {
    const { service, runtime, strict, sync } = this._options;
    const printed = new OutputBuffer();
    const running = await runtime.start({
      image: service.image,
      argv: ['/bin/sh', this._options.files.script],
      env: {
        ...(service.environment.secrets ?? {}),
        ...(service.environment.variables ?? {}),
        ...this._options.variables,
        ...env
      },
      cwd: this._options.folder,
      binds: this._options.binds,
      limits: this._options.limits,
      ports: [],
      mark: this._options.mark,
      signal: this._options.signal
    });
    const lines = new Lines(line => this._log.line('DEBUG', line));
    running.output.on('data', (data: Buffer) => {
      if (sync || strict) {
        printed.write(data);
      }
      if (!strict) {
        this._options.log(data);
      } else if (this._log.enabled('DEBUG')) {
        lines.write(data);
      }
    });
    await finished(running.output, { error: false }).catch(() => {
      // Cut off because something outside the session held it; `exit` says what happened.
    });
    lines.end();
    const exit = await running.exit;
    this._options.onExit?.();
    return { exit, printed };
  }

  private async _outputs(
    found: IOutputFile[],
    folder: string,
    event: IStorageEvent | IUnknownEvent
  ): Promise<IExecution['outputs']> {
    const { service, strict } = this._options;
    this._log.info(`Searching for files to upload in folder '${folder}'`);
    const stored: IExecution['outputs'] = [];
    const plan = (service.output ?? []).map(output => ({
      output,
      files: found.filter(file => takes(output, file.name))
    }));
    // A file may be moved away once nobody reads it any more; where there are links, that is not worth finding out.
    const movable = !found.some(({ link }) => link);
    const uses = new Map<string, number>();
    plan.forEach(({ files }) => files.forEach(({ path }) => uses.set(path, (uses.get(path) ?? 0) + 1)));
    for (const { output, files } of plan) {
      this._log.info(`Checking files for uploading to '${output.storage_provider}' on path: '${output.path}'`);
      if (files.length === 0) {
        continue;
      }
      const { type, id } = splitProvider(output.storage_provider);
      const storage = this._storage(type, id);
      if (!storage) {
        if (strict) {
          // The original takes its provider for files of the machine, and does nothing.
          continue;
        }
        throw new SupervisorError(missing(type, id));
      }
      for (const file of files) {
        const place = splitPath(output.path, file.name);
        if (storage.own && event.kind === 'storage' && event.bucket && isolated(service, event.bucket)) {
          place.bucket = event.bucket;
        }
        const left = (uses.get(file.path) ?? 1) - 1;
        uses.set(file.path, left);
        this._log.info(`Uploading file '${place.key}' to bucket '${place.bucket}'`);
        const { size } = await storage.upload(file.path, place.bucket, place.key, movable && left === 0);
        if (storage.own) {
          stored.push({ ...place, size });
        }
      }
    }
    return stored;
  }

  private _storage(type: string, id: string): IStorage | undefined {
    const { service, store, ownEndpoint, principal, strict } = this._options;
    return openStorage(type, id, { service, store, ownEndpoint, principal, typed: !strict });
  }

  private _warnOfMissing(service: IOscarService): void {
    if (!service.output) {
      this._log.line('WARNING', 'There is no output defined for this function.');
    }
    if (!service.input) {
      this._log.line('WARNING', 'There is no input defined for this function.');
    }
    if (!service.storage_providers) {
      this._log.line('WARNING', 'There is no storage provider defined for this function.');
    }
  }

  private _failed(reason: string, { exit, printed = [] }: { exit?: IExit; printed?: string[] }): IExecution {
    return {
      ok: false,
      reason,
      ...(exit ? { exitCode: exit.code } : {}),
      outputs: [],
      reply: Buffer.concat([...this._logged, Buffer.from(printed.map(line => `${line}\n`).join('') || `${reason}\n`)])
    };
  }

  private readonly _log: SupervisorLog;
  private readonly _logged: Buffer[] = [];
}

const NEWLINE = Buffer.from('\n');

/** Cuts a stream of bytes into lines. */
class Lines {
  constructor(private readonly _line: (line: string) => void) {}

  write(data: Buffer): void {
    const parts = (this._rest + data.toString('utf8')).split('\n');
    this._rest = parts.pop() ?? '';
    parts.forEach(line => this._line(line.trim()));
  }

  end(): void {
    if (this._rest) {
      this._line(this._rest.trim());
      this._rest = '';
    }
  }

  private _rest = '';
}

function set(env: Record<string, string>, name: string, value: string | undefined): void {
  if (value) {
    env[name] = value;
  }
}

/** With isolation level USER each user has buckets of their own, and outputs go where the input came from. */
function isolated(service: IOscarService, bucket: string): boolean {
  return service.isolation_level === 'USER' && (service.bucket_list ?? []).includes(bucket);
}

function missing(type: string, id: string): string {
  return `There are no credentials for the storage provider ${type}.${id}. Add them to storage_providers in the service's FDL.`;
}

/** What the machine said, without the places of its code. */
export function describe(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    E2BIG:
      'The variables of the service and the event are too large for a program to start with: put large inputs into a bucket.',
    ENOSPC: DISK_FULL,
    EDQUOT: DISK_FULL,
    EACCES: `There is no permission for ${path ?? 'a file that it needs'}.`,
    EROFS: `${path ?? 'A folder that it needs'} is on a disk that cannot be written to.`,
    ENAMETOOLONG: 'The name of a file is longer than this machine allows.',
    EMFILE: 'Too many files are open at once: run fewer jobs side by side.'
  };
  return (code && known[code]) ?? (error instanceof Error ? error.message : String(error));
}
