import { createHash } from 'node:crypto';
import type { ImVm, Infrastructure } from '../contract';
import { isProblem } from '../http';
import type { Clouds } from './clouds';
import type { ImConnection } from './connection';
import type { IImAuth, IImState, ImClient } from './im-client';
import { idOf, type IKept } from './journal';
import { maskText, outputsOf } from './masking';
import type { Records } from './records';
import { isFinal, stateOfAll, vmOf, vmState } from './states';
import { machineSteps } from './steps';

export interface ILookOptions {
  records: Records;
  connection: ImConnection;
  clouds: Clouds;
}

/** Reads states, machines, log and, when it is configured, outputs and owners into the record. False: it is gone. */
export async function look(kept: IKept, { records, connection, clouds }: ILookOptions): Promise<boolean> {
  const id = idOf(kept);
  const client = connection.clientFor(kept);
  const auth = await clouds.authFor(kept);
  let told: IImState;
  try {
    told = await client.state(auth, id);
  } catch (error) {
    if (isProblem(error, 'not-found')) {
      return false;
    }
    throw error;
  }
  const vms = await readVms({ client, auth, id }, told.vms, kept.view.vms);
  const state = stateOfAll(vms, told.state);
  const log = await client.log(auth, id);
  const secrets = Object.values(records.secrets(kept));
  const mark = createHash('sha256').update(log).digest('hex').slice(0, 16);
  const news = kept.log?.mark === mark ? kept.log : { mark, at: Date.now() };
  // Told together with the state, so that nobody sees a configured one without them.
  const read =
    state === 'configured' && kept.view.owners.length === 0 ? await readOutputs(client, auth, id, secrets) : {};
  const quiet = Math.floor((Date.now() - news.at) / 60_000);
  records.change(
    kept,
    {
      ...read,
      state,
      vms,
      updatedAt: new Date().toISOString(),
      quietMinutes: state === 'running' || state === 'pending' ? quiet : undefined,
      steps: machineSteps(kept.view.steps, { state, vms, log }, text => maskText(text, secrets))
    },
    kept.log?.mark === mark ? {} : { log: news }
  );
  return true;
}

/** The machines with these states, in the order of their ids; those of `known` that have settled are not asked for again. */
export async function readVms(
  { client, auth, id }: { client: ImClient; auth: Required<IImAuth>; id: string },
  states: Record<string, string>,
  known: readonly ImVm[] = []
): Promise<ImVm[]> {
  const vms: ImVm[] = [];
  for (const [vm, told] of Object.entries(states)) {
    const state = vmState(told);
    // Addresses come while a machine starts; later it stays as it is.
    const settled = isFinal(state) ? known.find(item => item.id === vm && item.state === state) : undefined;
    try {
      vms.push(settled ?? vmOf(vm, state, await client.vm(auth, id, vm)));
    } catch (error) {
      // It went while we were looking.
      if (!isProblem(error, 'not-found')) {
        throw error;
      }
    }
  }
  return vms.sort((a, b) => Number(a.id) - Number(b.id));
}

async function readOutputs(
  client: ImClient,
  auth: IImAuth,
  id: string,
  secrets: string[]
): Promise<Partial<Infrastructure>> {
  const outputs = await client.outputs(auth, id).catch((error: unknown) => {
    // An infrastructure that was made from RADL has none.
    if (isProblem(error, 'forbidden', 'invalid', 'not-found')) {
      return {};
    }
    throw error;
  });
  return { outputs: outputsOf(outputs, secrets), owners: await client.owners(auth, id) };
}
