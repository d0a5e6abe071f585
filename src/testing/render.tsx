import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { render } from '@testing-library/react';
import * as React from 'react';

import { CommandIDs } from '../commands';
import type { IViewContext } from '../oscar/components/context';
import { ViewContext } from '../oscar/components/context';
import type { OscarModel } from '../oscar/model';
import { DEFAULT_SETTINGS } from '../oscar/settings';

/** A component in its context; `executed` fills with the commands that it runs. */
export function renderView(
  model: OscarModel,
  element: React.ReactElement
): {
  executed: [string, unknown][];
  view: IViewContext;
  container: HTMLElement;
  unmount: () => void;
} {
  const executed: [string, unknown][] = [];
  const commands = new CommandRegistry();
  for (const id of Object.values(CommandIDs)) {
    commands.addCommand(id, { execute: args => void executed.push([id, args]) });
  }
  const view: IViewContext = {
    model,
    commands,
    trans: nullTranslator.load('jupyterlab_oscar'),
    settings: () => DEFAULT_SETTINGS
  };
  const { container, unmount } = render(<ViewContext.Provider value={view}>{element}</ViewContext.Provider>);
  return { executed, view, container, unmount };
}
