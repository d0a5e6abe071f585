import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { IViewContext } from './components/context';
import { ViewWidget } from './view';

interface ISeen {
  readonly value: boolean;
  readonly changed: Signal<unknown, void>;
}

const SeenContext = React.createContext<ISeen | null>(null);

/** A view whose components know whether it can be seen. */
export class VisibleWidget extends ViewWidget {
  constructor(view: IViewContext, content: React.ReactElement) {
    const seen = { value: true, changed: new Signal<unknown, void>({}) };
    super(view, <SeenContext.Provider value={seen}>{content}</SeenContext.Provider>);
    this._seen = seen;
    this.addClass('jp-OscarMain');
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._set(true);
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._set(false);
  }

  private _set(value: boolean): void {
    if (this._seen.value !== value) {
      this._seen.value = value;
      this._seen.changed.emit();
    }
  }

  private readonly _seen: { value: boolean; changed: Signal<unknown, void> };
}

/** False while the widget around cannot be seen: what reads on and on stops then. */
export function useSeen(): boolean {
  const seen = React.useContext(SeenContext);
  const subscribe = React.useCallback(
    (changed: () => void) => {
      seen?.changed.connect(changed);
      return () => {
        seen?.changed.disconnect(changed);
      };
    },
    [seen]
  );
  return React.useSyncExternalStore(subscribe, () => seen?.value ?? true);
}
