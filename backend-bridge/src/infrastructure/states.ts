import type { ImVm, Infrastructure, VmState } from '../contract';
import type { RadlItem } from './im-client';

const STATES: readonly string[] = [
  'pending',
  'running',
  'configured',
  'unconfigured',
  'stopped',
  'off',
  'failed',
  'unknown',
  'deleting'
];

export function vmState(text: string): VmState {
  return STATES.includes(text) ? (text as VmState) : 'unknown';
}

/** Nothing more happens by itself. */
export function isFinal(state: VmState): boolean {
  return ['configured', 'unconfigured', 'failed', 'stopped', 'off', 'deleted'].includes(state);
}

/** First one that any machine has: what needs attention, then what goes on, then what is reached. */
const ORDER: VmState[] = ['failed', 'unknown', 'pending', 'running', 'unconfigured', 'configured', 'stopped', 'off'];

/**
 * The state of the whole from those of its machines; IM's own hangs on the order of the machines when some are stopped.
 *
 * @param told what IM says of the whole; counts where there are no machines
 */
export function stateOfAll(vms: readonly { state: VmState }[], told: string): VmState {
  const own = vmState(told);
  if (own === 'deleting' || vms.length === 0) {
    return own;
  }
  return ORDER.find(state => vms.some(vm => vm.state === state)) ?? own;
}

/** What the state means here, and what to do. */
export function explain({
  state,
  vms,
  quietMinutes
}: Pick<Infrastructure, 'state' | 'vms' | 'quietMinutes'>): string | undefined {
  const few = (wanted: VmState): string => {
    const count = vms.filter(vm => vm.state === wanted).length;
    return count === 1 ? 'One machine' : `${count} machines`;
  };
  switch (state) {
    case 'pending':
      return 'The cloud is making the machines.';
    case 'running':
      return quietMinutes !== undefined && quietMinutes >= 10
        ? `The machines are being configured; nothing new in the log for ${quietMinutes} minutes.`
        : 'The machines run and are being configured.';
    case 'configured': {
      const stopped = vms.filter(vm => vm.state === 'stopped' || vm.state === 'off').length;
      return stopped > 0 ? `${stopped} of ${vms.length} machines are stopped.` : undefined;
    }
    case 'unconfigured':
      return 'The configuration failed: read the log, then retry. The machines go on costing.';
    case 'failed':
      return `${few('failed')} could not be made: the cloud refused. Read the log, then delete it or retry.`;
    case 'unknown':
      return 'The cloud did not answer the Infrastructure Manager, mostly because the credentials had expired. With valid ones the state comes back.';
    case 'stopped':
      return 'All machines are stopped; their disks may go on costing.';
    case 'off':
      return 'The machines are gone or switched off.';
    case 'deleting':
      return 'It is being deleted.';
    default:
      return undefined;
  }
}

/** One machine from its description; the front end is machine 0. */
export function vmOf(id: string, state: VmState, radl: RadlItem[]): ImVm {
  const system = radl.find(item => item['class'] === 'system') ?? {};
  const number = (...keys: string[]): number | undefined => {
    const value = keys.map(key => Number(system[key])).find(found => Number.isFinite(found) && found > 0);
    return value === undefined ? undefined : Math.round(value);
  };
  const addresses = Object.entries(system)
    .filter(([key, value]) => /^net_interface\.\d+\.ip(v6)?$/.test(key) && typeof value === 'string' && value !== '')
    .map(([, value]) => String(value));
  const cpus = number('cpu.count', 'cpu.count_min');
  const memory = number('memory.size', 'memory.size_min');
  return {
    id,
    role: typeof system['id'] === 'string' ? system['id'] : '',
    frontEnd: id === '0',
    state,
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memory }),
    addresses: [...new Set(addresses)]
  };
}
