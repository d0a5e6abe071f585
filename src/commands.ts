import type { ReadonlyJSONObject } from '@lumino/coreutils';

/** Ids of all commands. Labels are given where they are registered. */
export namespace CommandIDs {
  export const showPanel = 'jupyterlab-oscar:show-panel';
  export const refresh = 'jupyterlab-oscar:refresh';
  export const retryBridge = 'jupyterlab-oscar:retry-bridge';

  export const useCluster = 'jupyterlab-oscar:use-cluster';
  export const addCluster = 'jupyterlab-oscar:add-cluster';
  export const removeCluster = 'jupyterlab-oscar:remove-cluster';
  export const openBucket = 'jupyterlab-oscar:open-bucket';
  export const clearData = 'jupyterlab-oscar:clear-data';

  export const newService = 'jupyterlab-oscar:new-service';
  export const deployExample = 'jupyterlab-oscar:deploy-example';
  export const deployFile = 'jupyterlab-oscar:deploy-file';
  export const copyExamples = 'jupyterlab-oscar:copy-examples';

  export const openService = 'jupyterlab-oscar:open-service';
  export const invokeService = 'jupyterlab-oscar:invoke-service';
  export const uploadToService = 'jupyterlab-oscar:upload-to-service';
  export const runFile = 'jupyterlab-oscar:run-file';
  export const startService = 'jupyterlab-oscar:start-service';
  export const stopService = 'jupyterlab-oscar:stop-service';
  export const restartService = 'jupyterlab-oscar:restart-service';
  export const openExposed = 'jupyterlab-oscar:open-exposed';
  export const deleteService = 'jupyterlab-oscar:delete-service';

  export const openJob = 'jupyterlab-oscar:open-job';
  export const cancelJob = 'jupyterlab-oscar:cancel-job';
  export const retryJob = 'jupyterlab-oscar:retry-job';
  export const deleteJob = 'jupyterlab-oscar:delete-job';
  export const copyJobAsCell = 'jupyterlab-oscar:copy-job-as-cell';
  export const saveResult = 'jupyterlab-oscar:save-result';
  export const trySample = 'jupyterlab-oscar:try-sample';

  export const openCompute = 'jupyterlab-oscar:open-compute-job';
  export const cancelCompute = 'jupyterlab-oscar:cancel-compute-job';
  export const pauseCompute = 'jupyterlab-oscar:pause-compute-job';
  export const resumeCompute = 'jupyterlab-oscar:resume-compute-job';
  export const retryCompute = 'jupyterlab-oscar:retry-compute-job';
  export const deleteCompute = 'jupyterlab-oscar:delete-compute-job';

  export const newPipeline = 'jupyterlab-oscar:new-pipeline';
  export const editPipeline = 'jupyterlab-oscar:edit-pipeline';
  export const checkPipeline = 'jupyterlab-oscar:check-pipeline';
  export const runPipeline = 'jupyterlab-oscar:run-pipeline';
  export const deployPipeline = 'jupyterlab-oscar:deploy-pipeline';
  export const exportPipeline = 'jupyterlab-oscar:export-pipeline';
  export const pipelineRuns = 'jupyterlab-oscar:pipeline-runs';
  export const pipelineLeftovers = 'jupyterlab-oscar:pipeline-leftovers';
  export const packFile = 'jupyterlab-oscar:pack-file';

  export const showScarPanel = 'jupyterlab-oscar:show-scar-panel';
  export const refreshAws = 'jupyterlab-oscar:refresh-aws';
  export const useAwsProfile = 'jupyterlab-oscar:use-aws-profile';
  export const useAwsRegion = 'jupyterlab-oscar:use-aws-region';
  export const useAwsEmulator = 'jupyterlab-oscar:use-aws-emulator';
  export const leaveAwsEmulator = 'jupyterlab-oscar:leave-aws-emulator';
  export const deployAws = 'jupyterlab-oscar:deploy-aws';
  export const openFunction = 'jupyterlab-oscar:open-function';
  export const invokeFunction = 'jupyterlab-oscar:invoke-function';
  export const functionLog = 'jupyterlab-oscar:function-log';
  export const processObjects = 'jupyterlab-oscar:process-objects';
  export const deleteFunction = 'jupyterlab-oscar:delete-function';
  export const openBatchJob = 'jupyterlab-oscar:open-batch-job';
  export const cancelBatchJob = 'jupyterlab-oscar:cancel-batch-job';
  export const copyCurl = 'jupyterlab-oscar:copy-curl';
  export const removeOrphans = 'jupyterlab-oscar:remove-aws-orphans';

  export const newInfrastructure = 'jupyterlab-oscar:new-infrastructure';
  export const existingCluster = 'jupyterlab-oscar:existing-cluster';
  export const openInfrastructure = 'jupyterlab-oscar:open-infrastructure';
  export const startInfrastructure = 'jupyterlab-oscar:start-infrastructure';
  export const stopInfrastructure = 'jupyterlab-oscar:stop-infrastructure';
  export const reconfigureInfrastructure = 'jupyterlab-oscar:reconfigure-infrastructure';
  export const registerInfrastructure = 'jupyterlab-oscar:register-infrastructure';
  export const deleteInfrastructure = 'jupyterlab-oscar:delete-infrastructure';
  export const refreshInfrastructures = 'jupyterlab-oscar:refresh-infrastructures';
  export const pasteToken = 'jupyterlab-oscar:paste-token';
  export const imServer = 'jupyterlab-oscar:im-server';
}

/** Arguments of the commands about one service; without them: what the context menu was opened on. */
export interface IServiceArgs {
  cluster?: string;
  service?: string;
  /** Of shortcuts: what has the focus is meant. */
  focus?: boolean;
}

export interface IInvokeArgs extends IServiceArgs {
  /** Files in the file browser; without them the user is asked. */
  paths?: string[];
}

export interface IJobArgs {
  cluster?: string;
  job?: string;
  /** Of shortcuts: what has the focus is meant. */
  focus?: boolean;
}

const text = (description: string): ReadonlyJSONObject => ({ type: 'string', description });

const object = (properties: ReadonlyJSONObject, required: string[] = []): ReadonlyJSONObject => ({
  type: 'object',
  properties,
  required
});

const cluster = text('Id of the cluster. Default: the current one.');

/** JSON schemas of the arguments, for the palette's tools and assistants. */
export const ARGS = {
  none: object({}),
  cluster: object({ cluster: text('Id of the cluster.') }),
  service: object({ cluster, service: text('Name of the service.') }),
  bucket: object({ cluster: text('Id of the cluster. Default: the account on AWS.'), bucket: text('Its name.') }, [
    'bucket'
  ]),
  invoke: object({
    cluster,
    service: text('Name of the service.'),
    paths: { type: 'array', items: { type: 'string' }, description: 'Files in the file browser.' }
  }),
  job: object({ cluster, job: text('Id of the job.') }),
  compute: object({ job: text('Id of a map-reduce or high-throughput job. Without it the user is asked.') }),
  example: object({ example: text('Name of the example. Without it the user is asked.') }),
  file: object({ path: text('FDL file in the file browser. Default: the open or selected one.') }),
  folder: object({ cwd: text('Folder in the file browser.') }),
  pipeline: object({ path: text('Pipeline file in the file browser. Default: the open or selected one.') }),
  runs: object({
    path: text('Pipeline file whose runs are shown. Default: the open or selected one.'),
    run: text('Id of the run that is shown first.')
  }),
  action: object({ action: text('What the canvas does: undo, redo, zoomToFit, …') }, ['action']),
  profile: object({ profile: text('Profile of ~/.aws; empty: the default chain.') }),
  region: object({ region: text('AWS region, for instance eu-west-1.') }),
  function: object({
    function: text('Name of the function. Without it the user is asked.'),
    tab: text('overview, run, metrics, log or fdl.')
  }),
  batch: object({ job: text('Id of a job of AWS Batch.') }),
  api: object({ function: text('Name of the function that is called over HTTP.'), endpoint: text('Its address.') }),
  infrastructure: object({ infrastructure: text('Id of the infrastructure. Without it the user is asked.') }),
  code: object({ path: text('Notebook or script in the file browser. Default: the selected one.') })
};
