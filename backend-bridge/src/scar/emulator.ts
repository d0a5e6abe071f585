import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { AwsEmulator } from '../contract';
import { BridgeError } from '../http/errors';
import { causeOf } from '../http/failures';
import { addSecret } from '../http/redact';

const run = promisify(execFile);

/** What the emulator says when it is ready. */
export interface IEmulatorDescription {
  endpoint: string;
  region: string;
  access_key_id: string;
  secret_access_key: string;
  role: string;
  not_covered: string[];
}

/** Asks the Python environment whether all is there, without loading it. */
const LOOK = `
import importlib.util, json
from jupyterlab_oscar.aws_emulator import NOT_COVERED
there = all(importlib.util.find_spec(name) for name in ("moto", "flask", "boto3"))
print(json.dumps({"installed": there, "notCovered": list(NOT_COVERED)}))
`;
/** moto takes some seconds to load, on a busy machine many. */
const START_WITHIN = 90_000;
const END_WITHIN = 5000;
/** So long after its last use what is in it is kept. */
const KEPT = 30 * 60_000;
const LAST_LINES = 20;

/** The local emulator of AWS: a process that lives with the bridge. */
export class EmulatorProcess {
  constructor(private readonly _options: { python: string; log?: (line: string) => void }) {}

  async describe(): Promise<AwsEmulator> {
    const { installed, notCovered } = await this._look();
    return {
      installed,
      state: this._state,
      notCovered,
      ...(this._description === undefined ? {} : { endpoint: this._description.endpoint }),
      ...(this._problem === undefined ? {} : { problem: this._problem.problem })
    };
  }

  /** True while somebody may come back to it: all that is in it would be gone with the bridge. */
  get kept(): boolean {
    return this._description !== undefined && performance.now() - this._used < KEPT;
  }

  /** Starts it when needed. @throws BridgeError */
  async ready(): Promise<IEmulatorDescription> {
    this._used = performance.now();
    if (this._description) {
      return this._description;
    }
    this._starting ??= this._start().finally(() => (this._starting = undefined));
    return this._starting;
  }

  async stop(): Promise<void> {
    const child = this._child;
    if (!child) {
      this._state = 'stopped';
      this._problem = undefined;
      return;
    }
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
    this._stopping = true;
    child.stdin?.end();
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN);
    await ended;
    clearTimeout(timer);
  }

  private async _start(): Promise<IEmulatorDescription> {
    const { installed } = await this._look();
    if (!installed) {
      throw this._failed(
        new BridgeError({
          type: 'not-installed',
          title: 'The emulator is not installed',
          status: 409,
          detail: 'The local AWS emulator is an extra of this package, and is not installed.',
          action: 'Run: pip install "jupyterlab-oscar[aws-emulator]"'
        })
      );
    }
    this._state = 'starting';
    this._problem = undefined;
    this._stopping = false;
    const child = spawn(this._options.python, ['-m', 'jupyterlab_oscar.aws_emulator', '--lifeline'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: process.env
    });
    this._child = child;
    const last: string[] = [];
    createInterface({ input: child.stderr }).on('line', line => {
      last.push(line);
      last.splice(0, Math.max(0, last.length - LAST_LINES));
      this._options.log?.(`AWS emulator: ${line}`);
    });
    child.stdin.on('error', () => undefined);
    try {
      const line = await new Promise<string>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('It did not say that it is ready.')), START_WITHIN);
        createInterface({ input: child.stdout }).once('line', text => {
          clearTimeout(timer);
          resolve(text);
        });
        child.once('error', reject);
        child.once('exit', code => {
          clearTimeout(timer);
          reject(new Error(last.join('\n') || `It ended with ${code}.`));
        });
      });
      const description = JSON.parse(line) as IEmulatorDescription;
      addSecret(description.secret_access_key);
      this._description = description;
      this._state = 'running';
      child.once('exit', code => this._ended(code, last));
      return description;
    } catch (error) {
      child.kill('SIGKILL');
      this._child = undefined;
      throw this._failed(
        new BridgeError({
          type: 'emulator-failed',
          title: 'The AWS emulator did not start',
          status: 502,
          detail: 'The local AWS emulator did not start.',
          cause: causeOf((error as Error).message),
          action: 'Read what it said, then try again.'
        })
      );
    }
  }

  private _ended(code: number | null, last: string[]): void {
    this._description = undefined;
    this._child = undefined;
    if (this._stopping) {
      this._state = 'stopped';
      return;
    }
    this._failed(
      new BridgeError({
        type: 'emulator-failed',
        title: 'The AWS emulator ended',
        status: 502,
        detail: `The local AWS emulator ended by itself (${code ?? 'killed'}). What was in it is gone.`,
        cause: causeOf(last.join('\n')),
        action: 'Start it again.'
      })
    );
  }

  private _failed(problem: BridgeError): BridgeError {
    this._state = 'failed';
    this._problem = problem;
    return problem;
  }

  private async _look(): Promise<{ installed: boolean; notCovered: string[] }> {
    if (this._found?.installed !== true) {
      try {
        const { stdout } = await run(this._options.python, ['-c', LOOK], { timeout: 30_000 });
        this._found = JSON.parse(stdout) as { installed: boolean; notCovered: string[] };
      } catch (error) {
        this._options.log?.(`AWS emulator: ${String(error)}`);
        this._found = { installed: false, notCovered: [] };
      }
    }
    return this._found;
  }

  private _state: AwsEmulator['state'] = 'stopped';
  private _child: ChildProcess | undefined;
  private _description: IEmulatorDescription | undefined;
  private _starting: Promise<IEmulatorDescription> | undefined;
  private _problem: BridgeError | undefined;
  private _stopping = false;
  private _used = 0;
  private _found: { installed: boolean; notCovered: string[] } | undefined;
}
