import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { IViewContext } from '../oscar/components/context';
import { ViewWidget } from '../oscar/view';
import type { IVisibility } from './components/JobPane';
import { JobPane } from './components/JobPane';

/** The view of a map-reduce or high-throughput job. It reads nothing while it cannot be seen. */
export class ComputeJobWidget extends ViewWidget {
  constructor(view: IViewContext, id: string) {
    const seen = new Seen();
    super(view, <JobPane id={id} visibility={seen} />);
    this._seen = seen;
    this.addClass('jp-OscarMain');
    this.addClass('jp-OscarComputeWidget');
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._seen.value = true;
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._seen.value = false;
  }

  private readonly _seen: Seen;
}

class Seen implements IVisibility {
  get value(): boolean {
    return this._value;
  }
  set value(value: boolean) {
    if (this._value !== value) {
      this._value = value;
      this._changed.emit();
    }
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  private readonly _changed = new Signal<this, void>(this);
  private _value = true;
}
