import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { ExistingClusterFiles, Infrastructure } from '../contract';
import type { IViewContext } from '../oscar/components/context';
import { VisibleWidget } from '../oscar/visible';
import { ExistingCluster } from './components/ExistingCluster';
import { InfrastructureView } from './components/InfrastructureView';
import { Wizard } from './wizard/Wizard';

/** The view of an infrastructure. */
export function createInfrastructureWidget(view: IViewContext, id: string): Widget {
  return new VisibleWidget(view, <InfrastructureView id={id} />);
}

/** The way to a new cluster. */
export function createWizardWidget(view: IViewContext, onDone: (created: Infrastructure) => void): Widget {
  return new VisibleWidget(view, <Wizard onDone={onDone} />);
}

/** The way to a cluster that is made by hand. */
export function createExistingWidget(
  view: IViewContext,
  save: (files: ExistingClusterFiles['files']) => Promise<string>
): Widget {
  return new VisibleWidget(view, <ExistingCluster save={save} />);
}
