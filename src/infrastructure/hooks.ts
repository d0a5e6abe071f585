import * as React from 'react';

import { useView } from '../oscar/components/context';
import type { IInfrastructureState, InfrastructureModel } from './model';
import { infrastructuresOf } from './model';

/** What is known about infrastructures; renders again when it changes. */
export function useInfrastructures(): [InfrastructureModel, IInfrastructureState] {
  const { model } = useView();
  const list = infrastructuresOf(model);
  const subscribe = React.useCallback(
    (changed: () => void) => {
      list.changed.connect(changed);
      return () => {
        list.changed.disconnect(changed);
      };
    },
    [list]
  );
  return [list, React.useSyncExternalStore(subscribe, () => list.state)];
}
