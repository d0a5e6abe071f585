import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IViewContext } from './components/context';
import { JobView } from './components/JobView';
import { ServiceView } from './components/ServiceView';
import type { IDropHandlers, IDropTarget } from './drop';
import { DropView } from './drop';
import { ViewWidget } from './view';

/** The view of a service; files can be dropped on it. */
export function createServiceWidget(view: IViewContext, target: IDropTarget, drop: IDropHandlers): Widget {
  const widget = new DropView(view, <ServiceView cluster={target.cluster} name={target.service} />, drop);
  widget.addClass('jp-OscarMain');
  return widget;
}

/** The view of a job. */
export function createJobWidget(view: IViewContext, target: { cluster: string; job: string }): Widget {
  const widget = new ViewWidget(view, <JobView cluster={target.cluster} id={target.job} />);
  widget.addClass('jp-OscarMain');
  return widget;
}
