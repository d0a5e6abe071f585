import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { bridgePlugin } from './plugins/bridge';
import { clustersPlugin } from './plugins/clusters';
import { modelPlugin } from './plugins/model';
import { panelPlugin } from './plugins/panel';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [bridgePlugin, modelPlugin, panelPlugin, clustersPlugin];

export default plugins;
