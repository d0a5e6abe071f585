import type { CommandRegistry } from '@lumino/commands';

import { BridgeError } from '../bridge/errors';
import { CommandIDs } from '../commands';
import type { Submission } from '../contract';
import type { IOscarModel, IOscarSettings } from '../tokens';

/**
 * Open the job of a submission of one file as soon as the cluster has it. With several files the panel's list is the view.
 *
 * Rejects when the file could not be handed over.
 */
export async function showWhenFound(
  commands: CommandRegistry,
  model: IOscarModel,
  settings: () => IOscarSettings,
  submission: Submission
): Promise<void> {
  const found = await whenFound(model, submission);
  const problem = found.items.find(item => !item.job && item.problem)?.problem;
  if (problem) {
    throw new BridgeError(problem);
  }
  const job = found.items[0]?.job;
  if (found.items.length === 1 && job && settings().openJobs) {
    await commands.execute(CommandIDs.openJob, { cluster: found.cluster, job });
  }
}

/** The submission when each of its files has a job or a problem, or when it is over. */
function whenFound(model: IOscarModel, submission: Submission): Promise<Submission> {
  const isFound = (item: Submission): boolean => item.done || item.items.every(file => file.job || file.problem);
  return new Promise(resolve => {
    const check = (): void => {
      const now = model.state.submissions.find(item => item.id === submission.id) ?? submission;
      if (isFound(now)) {
        model.stateChanged.disconnect(check);
        resolve(now);
      }
    };
    model.stateChanged.connect(check);
    check();
  });
}
