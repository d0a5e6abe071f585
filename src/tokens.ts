import type { IWidgetTracker } from '@jupyterlab/apputils';
import { Token } from '@lumino/coreutils';

import type { IBridgeClient } from './bridge/client';
import type { IOscarModel } from './oscar/model';
import type { IOscarSettings } from './oscar/settings';
import type { PipelineWidget } from './pipelines/widget';

export type { IBridgeClient, IOscarModel, IOscarSettings };

/**
 * The one way from the page to the bridge. Ask for it instead of making requests.
 */
export const IBridgeClientToken = new Token<IBridgeClient>(
  'jupyterlab-oscar:IBridgeClient',
  'Typed calls to the bridge of jupyterlab-oscar through the Jupyter server.'
);

/**
 * What the page knows about clusters, services and jobs.
 */
export const IOscarModelToken = new Token<IOscarModel>(
  'jupyterlab-oscar:IOscarModel',
  'Live state of the OSCAR clusters: services, jobs, buckets, operations.'
);

/**
 * The user's settings, as they are at the moment.
 */
export const IOscarSettingsToken = new Token<() => IOscarSettings>(
  'jupyterlab-oscar:IOscarSettings',
  'The settings of the OSCAR views; call it for the values of now.'
);

/**
 * The pipelines that are open in our own editor.
 */
export const IPipelineTrackerToken = new Token<IWidgetTracker<PipelineWidget>>(
  'jupyterlab-oscar:IPipelineTracker',
  'The open editors of pipelines.'
);
