import type { FdlProblem } from '../contract';
import { parseQuantity } from './quantity';
import type { IOscarService } from './service';
import type { IPlanOptions } from './types';

type Volume = IOscarService['volume'];

export interface IVolumePlan {
  /** What is sent. */
  volume?: Volume;
  notes: string[];
  problem?: { code: string; message: string; severity: FdlProblem['severity'] };
}

/**
 * What to send for the volume of a service. A create that names an existing volume and a size makes the server delete that
 * volume; a change of the volume of a service is refused by it.
 */
export function planVolume(
  service: Partial<IOscarService>,
  deployed: IOscarService | undefined,
  options: IPlanOptions
): IVolumePlan {
  const wanted = service.volume;
  if (deployed) {
    const same =
      wanted === undefined ||
      (deployed.volume !== undefined &&
        deployed.volume.mount_path === wanted.mount_path &&
        (wanted.name === undefined || (deployed.volume.name ?? deployed.volume_status?.name) === wanted.name) &&
        (!wanted.size || !deployed.volume.size || parseQuantity(deployed.volume.size) === parseQuantity(wanted.size)));
    return {
      // As it was read: a missing one counts as a removal, which is refused.
      ...(deployed.volume ? { volume: deployed.volume } : {}),
      notes: [],
      ...(same
        ? {}
        : {
            problem: {
              code: 'volume-fixed',
              severity: 'error',
              message: `The volume of ${deployed.name} cannot be changed. Delete the service and deploy it again.`
            }
          })
    };
  }
  if (!wanted?.name || !wanted.size) {
    return { ...(wanted ? { volume: wanted } : {}), notes: [] };
  }
  const name = wanted.name;
  const used = options.deployed.some(other => other.volume?.name === name || other.volume_status?.name === name);
  if (used || options.volumes?.includes(name)) {
    const { size, lifecycle_policy: policy, ...rest } = wanted;
    return {
      volume: rest as Volume,
      notes: [
        `The volume ${name} is there already: its size stays, ${size}${policy ? ` and the policy ${policy}` : ''} are not sent.`
      ]
    };
  }
  return {
    volume: wanted,
    notes: [],
    ...(options.volumes === undefined
      ? {
          problem: {
            code: 'volume-unseen',
            severity: 'warning',
            message: `It cannot be seen whether a volume ${name} is there. If there is one, leave size out: OSCAR deletes an existing volume when a size is given.`
          }
        }
      : {})
  };
}
