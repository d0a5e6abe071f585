import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { bridgePlugin } from './plugins/bridge';
import { clustersPlugin } from './plugins/clusters';
import { computeJobsPlugin } from './plugins/compute-jobs';
import { deployPlugin } from './plugins/deploy';
import { drivePlugin } from './plugins/drive';
import { fdlPlugin } from './plugins/fdl';
import { hubTokenPlugin } from './plugins/hub-token';
import { infrastructurePlugin } from './plugins/infrastructure';
import { jobsPlugin } from './plugins/jobs';
import { launcherPlugin } from './plugins/launcher';
import { modelPlugin } from './plugins/model';
import { notifyPlugin } from './plugins/notify';
import { palettePlugin } from './plugins/palette';
import { panelPlugin } from './plugins/panel';
import { pipelineActionsPlugin } from './plugins/pipeline-actions';
import { pipelineRunsPlugin } from './plugins/pipeline-runs';
import { pipelinesPlugin } from './plugins/pipelines';
import { runningPlugin } from './plugins/running';
import { scarPlugin } from './plugins/scar';
import { scarFunctionsPlugin } from './plugins/scar-functions';
import { servicesPlugin } from './plugins/services';
import { settingsPlugin } from './plugins/settings';
import { statusPlugin } from './plugins/status';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  bridgePlugin,
  settingsPlugin,
  modelPlugin,
  panelPlugin,
  clustersPlugin,
  servicesPlugin,
  drivePlugin,
  jobsPlugin,
  computeJobsPlugin,
  deployPlugin,
  fdlPlugin,
  launcherPlugin,
  palettePlugin,
  statusPlugin,
  runningPlugin,
  notifyPlugin,
  pipelinesPlugin,
  pipelineActionsPlugin,
  pipelineRunsPlugin,
  scarPlugin,
  scarFunctionsPlugin,
  infrastructurePlugin,
  hubTokenPlugin
];

export default plugins;
