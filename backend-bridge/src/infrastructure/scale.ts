import type { ImVm, ScaleRequest } from '../contract';
import { BridgeError } from '../http';
import type { IDocument, IImAuth, ImClient } from './im-client';
import { readVms } from './look';
import { invalid } from './problems';
import { at, computeNodes, parseTemplate } from './templates/parse';

const DEFAULT_ROLE = 'wn';

export interface IScalePlan {
  document: IDocument;
  /** In words: `adding 2 machines of wn`. */
  operation: string;
}

/** The machines as they are now; what the stored template says of their number may be wrong after a failure. */
export async function liveVms(client: ImClient, auth: Required<IImAuth>, id: string): Promise<ImVm[]> {
  const { vms: states } = await client.state(auth, id);
  const ids = await client.vms(auth, id);
  return readVms({ client, auth, id }, Object.fromEntries(ids.map(vm => [vm, states[vm] ?? 'unknown'])));
}

/**
 * What has to be sent to have this many machines of a role; undefined: there are as many already.
 *
 * Taking away names exactly the machines that go: the server keeps the list for ever, takes its first entries, and does not look
 * whose they are. Adding names none.
 *
 * @throws BridgeError `invalid`, `forbidden` for the front end
 */
export function planScale(
  tosca: string | undefined,
  vms: readonly ImVm[],
  { role = DEFAULT_ROLE, count, remove = [] }: ScaleRequest
): IScalePlan | undefined {
  const live = vms.filter(vm => vm.role === role && vm.state !== 'deleting' && vm.state !== 'deleted');
  const less = live.length - count;
  if (vms.some(vm => vm.frontEnd && (vm.role === role || remove.includes(vm.id)))) {
    throw new BridgeError({
      type: 'forbidden',
      title: 'The front end stays',
      status: 403,
      detail: 'Machine 0 is the front end: without it the cluster is lost.',
      action: 'Delete the whole infrastructure instead, or name workers.'
    });
  }
  const strange = remove.find(id => !live.some(vm => vm.id === id));
  if (strange !== undefined) {
    throw invalid(
      `Machine ${strange.slice(0, 20)} is no living machine of "${role}".`,
      `Those are ${live.map(vm => vm.id).join(', ') || 'none'}.`
    );
  }
  if (remove.length > 0 && remove.length !== Math.max(0, less)) {
    throw invalid(
      `From ${live.length} to ${count} machines, ${Math.max(0, less)} go, but ${remove.length} are named.`,
      'Name as many as go, or none.'
    );
  }
  if (less === 0) {
    return undefined;
  }
  if (tosca === undefined) {
    if (less > 0) {
      throw new BridgeError({
        type: 'not-supported',
        title: 'Not possible for RADL',
        status: 409,
        detail: 'Machines of an infrastructure that was made from RADL can be added, not taken away by their number.',
        action: 'Use a TOSCA template for clusters that shrink.'
      });
    }
    return { document: { kind: 'radl', text: `deploy ${role} ${-less}\n` }, operation: words(-less, role, 'adding') };
  }
  const { document, tree } = parseTemplate({ name: 'the stored template', text: tosca });
  const node = computeNodes(tree).find(([name]) => name === role)?.[1];
  const stored = at(node, 'capabilities', 'scalable', 'properties', 'count');
  if (!document || !node || stored === undefined) {
    const roles = computeNodes(tree)
      .filter(([, item]) => at(item, 'capabilities', 'scalable', 'properties', 'count') !== undefined)
      .map(([name]) => name);
    throw invalid(
      `The template has no number of machines for "${role}".`,
      `It has for: ${roles.join(', ') || 'none'}.`
    );
  }
  const place = ['topology_template', 'node_templates', role, 'capabilities', 'scalable', 'properties'];
  const input = at(stored, 'get_input');
  if (typeof input === 'string') {
    document.setIn(['topology_template', 'inputs', input, 'default'], count);
  } else {
    document.setIn([...place, 'count'], count);
  }
  if (less > 0) {
    const newest = live.map(vm => vm.id).sort((a, b) => Number(b) - Number(a));
    document.setIn(
      [...place, 'removal_list'],
      document.createNode((remove.length > 0 ? remove : newest).slice(0, less))
    );
  } else {
    document.deleteIn([...place, 'removal_list']);
  }
  return {
    document: { kind: 'tosca', text: document.toString({ lineWidth: 0 }) },
    operation: less > 0 ? words(less, role, 'removing') : words(-less, role, 'adding')
  };
}

function words(count: number, role: string, verb: string): string {
  return `${verb} ${count} ${count === 1 ? 'machine' : 'machines'} of ${role}`;
}
