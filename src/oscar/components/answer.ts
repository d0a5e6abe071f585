import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { Problem } from '../../contract';

export interface IAnswer<T> {
  /** Stays while it is read again. */
  value: T | undefined;
  problem: Problem | undefined;
  /** True while a call is under way. */
  busy: boolean;
  again: () => void;
}

/** What a call answers. `read` is called when its identity changes, and by `again`. */
export function useAnswer<T>(read: () => Promise<T>): IAnswer<T> {
  const [state, setState] = React.useState<{ value?: T; problem?: Problem; busy: boolean }>({ busy: true });
  const [turn, again] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let current = true;
    setState(before => ({ ...before, busy: true }));
    read().then(
      value => current && setState({ value, busy: false }),
      reason => current && setState(before => ({ value: before.value, problem: toProblem(reason), busy: false }))
    );
    return () => {
      current = false;
    };
  }, [read, turn]);
  return { value: state.value, problem: state.problem, busy: state.busy, again };
}

/** A call that a button makes: what it answered, or why it failed. */
export function useAction<T>(): {
  busy: boolean;
  value: T | undefined;
  problem: Problem | undefined;
  run: (work: () => Promise<T>) => void;
  clear: () => void;
} {
  const [state, setState] = React.useState<{ value?: T; problem?: Problem; busy: boolean }>({ busy: false });
  const turn = React.useRef(0);
  const run = React.useCallback((work: () => Promise<T>) => {
    const mine = ++turn.current;
    setState({ busy: true });
    work().then(
      value => mine === turn.current && setState({ value, busy: false }),
      reason => mine === turn.current && setState({ problem: toProblem(reason), busy: false })
    );
  }, []);
  const clear = React.useCallback(() => {
    turn.current++;
    setState({ busy: false });
  }, []);
  return { busy: state.busy, value: state.value, problem: state.problem, run, clear };
}
