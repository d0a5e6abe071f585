import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { BridgeClient } from '../bridge/client';
import { translateErrors } from '../bridge/errors';
import { JupyterTransport } from '../bridge/transport';
import type { IBridgeClient } from '../tokens';
import { IBridgeClientToken } from '../tokens';

/** Calls to the bridge, for all other plugins. */
export const bridgePlugin: JupyterFrontEndPlugin<IBridgeClient> = {
  id: 'jupyterlab-oscar:bridge',
  description: 'Provides the calls to the bridge.',
  provides: IBridgeClientToken,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): IBridgeClient => {
    translateErrors((translator ?? nullTranslator).load('jupyterlab_oscar'));
    return new BridgeClient({ transport: new JupyterTransport(app.serviceManager.serverSettings) });
  }
};
