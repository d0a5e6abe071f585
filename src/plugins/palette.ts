import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';

/** What is useful without a row under the mouse. */
const IN_PALETTE = [
  CommandIDs.showPanel,
  CommandIDs.refresh,
  CommandIDs.retryBridge,
  CommandIDs.useCluster,
  CommandIDs.addCluster,
  CommandIDs.removeCluster,
  CommandIDs.newService,
  CommandIDs.deployExample,
  CommandIDs.deployFile,
  CommandIDs.copyExamples,
  CommandIDs.openService,
  CommandIDs.invokeService,
  CommandIDs.uploadToService,
  CommandIDs.deleteService,
  CommandIDs.clearData,
  CommandIDs.openCompute,
  CommandIDs.newPipeline,
  CommandIDs.checkPipeline,
  CommandIDs.runPipeline,
  CommandIDs.deployPipeline,
  CommandIDs.exportPipeline,
  CommandIDs.pipelineRuns,
  CommandIDs.pipelineLeftovers,
  CommandIDs.packFile,
  CommandIDs.showScarPanel,
  CommandIDs.useAwsProfile,
  CommandIDs.useAwsRegion,
  CommandIDs.useAwsEmulator,
  CommandIDs.leaveAwsEmulator,
  CommandIDs.deployAws,
  CommandIDs.openFunction,
  CommandIDs.invokeFunction,
  CommandIDs.functionLog,
  CommandIDs.processObjects,
  CommandIDs.deleteFunction,
  CommandIDs.removeOrphans,
  CommandIDs.newInfrastructure,
  CommandIDs.existingCluster,
  CommandIDs.openInfrastructure,
  CommandIDs.startInfrastructure,
  CommandIDs.stopInfrastructure,
  CommandIDs.reconfigureInfrastructure,
  CommandIDs.registerInfrastructure,
  CommandIDs.deleteInfrastructure,
  CommandIDs.refreshInfrastructures,
  CommandIDs.pasteToken,
  CommandIDs.imServer
];

/** Commands in the palette, under *OSCAR*. */
export const palettePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:palette',
  description: 'OSCAR commands in the command palette.',
  autoStart: true,
  optional: [ICommandPalette, ITranslator],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null, translator: ITranslator | null): void => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_oscar');
    IN_PALETTE.forEach(command => palette?.addItem({ command, category: trans.__('OSCAR') }));
  }
};
