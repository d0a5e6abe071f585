import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IViewContext } from '../oscar/components/context';
import { VisibleWidget } from '../oscar/visible';
import { BatchJobView } from './components/BatchJobView';
import { FunctionView } from './components/FunctionView';
import type { TabChoice } from './tabs';

/** The view of a function. */
export function createFunctionWidget(view: IViewContext, name: string, choice: TabChoice): Widget {
  return new VisibleWidget(view, <FunctionView name={name} choice={choice} />);
}

/** The view of a job of AWS Batch. */
export function createBatchWidget(view: IViewContext, id: string): Widget {
  return new VisibleWidget(view, <BatchJobView id={id} />);
}
