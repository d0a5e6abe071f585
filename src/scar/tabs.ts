/** Parts of a function's view. */
export type IFunctionTab = 'overview' | 'run' | 'metrics' | 'log' | 'jobs' | 'fdl';

const TABS: readonly string[] = ['overview', 'run', 'metrics', 'log', 'jobs', 'fdl'];

/** Which part is shown: commands choose it as well as the user. */
export class TabChoice {
  constructor(value: IFunctionTab = 'overview') {
    this._value = value;
  }

  get value(): IFunctionTab {
    return this._value;
  }

  /** Id of the request whose log is shown; empty: all. */
  get logRequest(): string {
    return this._request;
  }

  /** Choose the request whose log is shown. */
  request(id: string): void {
    this._request = id;
    this._listeners.forEach(changed => changed());
  }

  readonly set = (value: IFunctionTab): void => {
    this._value = value;
    this._listeners.forEach(changed => changed());
  };

  readonly subscribe = (changed: () => void): (() => void) => {
    this._listeners.add(changed);
    return () => this._listeners.delete(changed);
  };

  private readonly _listeners = new Set<() => void>();
  private _value: IFunctionTab;
  private _request = '';
}

export function isTab(value: unknown): value is IFunctionTab {
  return typeof value === 'string' && TABS.includes(value);
}
