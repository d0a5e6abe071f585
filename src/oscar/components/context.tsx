import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { BridgeEvent, Job, Problem } from '../../contract';
import type { IOscarModel } from '../model';
import type { IRenderable } from '../render';
import type { IOscarSettings } from '../settings';
import type { IOscarState } from '../state';

/** What every component gets from around it. */
export interface IViewContext {
  model: IOscarModel;
  trans: TranslationBundle;
  commands: CommandRegistry;
  /** The settings of now. */
  settings: () => IOscarSettings;
  /** Draws a file with JupyterLab's own renderers; absent where nothing is drawn. */
  render?: (file: IRenderable) => Promise<Widget>;
  /** Draws text with highlighting. */
  renderCode?: (text: string, language: string) => Promise<Widget>;
  /** Lets the user choose files of the file browser; absent where there is none. */
  chooseFiles?: (title: string) => Promise<string[]>;
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

/** A job wherever it is, kept up to date. */
export function useJob(cluster: string, id: string): { job: Job | null; problem: Problem | null } {
  const { model } = useView();
  const [job, setJob] = React.useState<Job | null>(
    () => model.state.jobs.items.find(item => item.id === id && item.cluster === cluster) ?? null
  );
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    let current = true;
    const read = (): void => {
      model.client.job(cluster, id).then(
        answer => {
          if (current) {
            setProblem(null);
            setJob(answer);
          }
        },
        reason => current && setProblem(toProblem(reason))
      );
    };
    const onEvent = (_: unknown, event: BridgeEvent): void => {
      if (event.type === 'reset') {
        read();
      } else if (event.type === 'job' && event.cluster === cluster && event.id === id) {
        setJob(event.job);
      }
    };
    model.events.connect(onEvent);
    read();
    return () => {
      current = false;
      model.events.disconnect(onEvent);
    };
  }, [model, cluster, id]);
  return { job, problem };
}
