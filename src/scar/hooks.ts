import * as React from 'react';

import { useView } from '../oscar/components/context';
import type { IScarState, ScarModel } from './model';
import { scarModelOf } from './model';

/** What is known about AWS; renders again when it changes. */
export function useScar(): [ScarModel, IScarState] {
  const { model } = useView();
  const scar = scarModelOf(model);
  const subscribe = React.useCallback(
    (changed: () => void) => {
      scar.changed.connect(changed);
      return () => {
        scar.changed.disconnect(changed);
      };
    },
    [scar]
  );
  return [scar, React.useSyncExternalStore(subscribe, () => scar.state)];
}
