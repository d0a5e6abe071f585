import { BridgeError } from '../http/errors';
import type { IPlanning, IRun } from './action';
import { calling } from './errors';
import { sdk } from './sdk';
import { until } from './waits';

/** Until Lambda has the function ready, with what it says when it cannot. */
export async function waitActive({ target, spec, waits }: IPlanning, run: IRun): Promise<void> {
  await until(
    `the function "${spec.name}" is still not active`,
    waits.function,
    async () => {
      const answer = await calling(`look at the function "${spec.name}"`, () =>
        target.clients
          .lambda(spec.region)
          .send(new (sdk.lambda().GetFunctionConfigurationCommand)({ FunctionName: spec.name }))
      );
      const { State, StateReason, LastUpdateStatus, LastUpdateStatusReason } = answer;
      if (State === 'Failed' || LastUpdateStatus === 'Failed') {
        throw new BridgeError({
          type: 'deploy-failed',
          title: 'Lambda could not make the function ready',
          status: 502,
          detail: `Lambda could not make "${spec.name}" ready.`,
          cause: (State === 'Failed' ? StateReason : LastUpdateStatusReason) ?? 'It gives no reason.',
          action: 'Check the image, the role and the network, then deploy again.'
        });
      }
      if (State === 'Pending' || LastUpdateStatus === 'InProgress') {
        run.report(`Waiting until it is active${StateReason ? `: ${StateReason}` : ''}`);
        return undefined;
      }
      return true;
    },
    { signal: run.signal }
  );
}
