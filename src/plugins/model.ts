import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { OscarModel } from '../oscar/model';
import type { IBridgeClient, IOscarModel } from '../tokens';
import { IBridgeClientToken, IOscarModelToken } from '../tokens';

/** The live state of the clusters. Asks for nothing until a view is shown, unless the bridge runs already. */
export const modelPlugin: JupyterFrontEndPlugin<IOscarModel> = {
  id: 'jupyterlab-oscar:model',
  description: 'Provides the live state of the OSCAR clusters.',
  requires: [IBridgeClientToken],
  provides: IOscarModelToken,
  activate: (app: JupyterFrontEnd, client: IBridgeClient): IOscarModel => {
    const model = new OscarModel({ client });
    void app.restored.then(() => model.peek());
    return model;
  }
};
