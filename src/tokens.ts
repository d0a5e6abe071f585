import { Token } from '@lumino/coreutils';

import type { IBridgeClient } from './bridge/client';
import type { IOscarModel } from './oscar/model';

export type { IBridgeClient, IOscarModel };

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
