import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import type { IOscarModel } from '../model';
import type { IOscarState } from '../state';

/** What every component gets from around it. */
export interface IViewContext {
  model: IOscarModel;
  trans: TranslationBundle;
  commands: CommandRegistry;
}

export const ViewContext = React.createContext<IViewContext | null>(null);

export function useView(): IViewContext {
  const view = React.useContext(ViewContext);
  if (view === null) {
    throw new Error('A component was rendered outside of its view.');
  }
  return view;
}

/** The model's state; renders again when it changes. */
export function useOscar(): IOscarState {
  const { model } = useView();
  const subscribe = React.useCallback(
    (changed: () => void) => {
      model.stateChanged.connect(changed);
      return () => {
        model.stateChanged.disconnect(changed);
      };
    },
    [model]
  );
  return React.useSyncExternalStore(subscribe, () => model.state);
}

/** Run a command; it shows its own failures. */
export function useRun(): (id: string, args?: ReadonlyPartialJSONObject) => void {
  const { commands } = useView();
  return React.useCallback(
    (id, args) => {
      commands.execute(id, args).catch(reason => console.error(`${id} failed`, reason));
    },
    [commands]
  );
}

/** Milliseconds since 1970, moving once a second while `running`. */
export function useNow(running: boolean): number {
  const [now, setNow] = React.useState(Date.now);
  React.useEffect(() => {
    if (!running) {
      return undefined;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
