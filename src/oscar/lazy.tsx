import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { IViewContext } from './components/context';
import { useView } from './components/context';
import { Skeleton } from './components/parts';
import { ViewWidget } from './view';

/** A view whose code is loaded when it is first seen. Until then it draws nothing. */
export class LazyView extends ViewWidget {
  constructor(view: IViewContext, load: () => Promise<React.ComponentType>, onShow?: (visible: boolean) => unknown) {
    const Content = React.lazy(async () => ({ default: await load() }));
    super(
      view,
      <React.Suspense fallback={<Loading />}>
        <Content />
      </React.Suspense>
    );
    this._onShow = onShow;
  }

  protected render(): JSX.Element {
    return this._seen ? super.render() : <></>;
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this._see();
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._see();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._onShow?.(false);
  }

  private _see(): void {
    this._onShow?.(true);
    if (!this._seen) {
      this._seen = true;
      this.update();
    }
  }

  private readonly _onShow: ((visible: boolean) => unknown) | undefined;
  private _seen = false;
}

function Loading(): JSX.Element {
  return <Skeleton label={useView().trans.__('Loading…')} rows={2} />;
}
