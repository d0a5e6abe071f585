import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { BridgeClient } from '../bridge/client';
import { JupyterTransport } from '../bridge/transport';
import type { IBridgeClient } from '../tokens';
import { IBridgeClientToken } from '../tokens';

/** Calls to the bridge, for all other plugins. */
export const bridgePlugin: JupyterFrontEndPlugin<IBridgeClient> = {
  id: 'jupyterlab-oscar:bridge',
  description: 'Provides the calls to the bridge.',
  provides: IBridgeClientToken,
  activate: (app: JupyterFrontEnd): IBridgeClient =>
    new BridgeClient({ transport: new JupyterTransport(app.serviceManager.serverSettings) })
};
