import { isProblem } from '../http';
import type { Clouds } from './clouds';
import type { ImConnection } from './connection';
import type { IImAuth, ImClient } from './im-client';
import type { IKept } from './journal';
import type { Records } from './records';
import { withStep } from './steps';
import { fillTemplate } from './templates/fill';
import { parseTemplate } from './templates/parse';

export interface ICreationOptions {
  records: Records;
  connection: ImConnection;
  clouds: Clouds;
}

/** Asks for the machines, once: one whose creation was answered to nobody is found again by our mark in it. */
export async function create(kept: IKept, { records, connection, clouds }: ICreationOptions): Promise<void> {
  records.change(kept, { steps: withStep(kept.view.steps, 'create', { state: 'running' }) });
  const client = connection.clientFor(kept);
  const auth = await clouds.authFor(kept);
  if (connection.withToken) {
    await connection.token();
  }
  let id = kept.sent ? await findOwn(kept, client, auth, records) : undefined;
  if (id === undefined) {
    const { request } = kept;
    const document = fillTemplate(parseTemplate(kept.template), {
      name: kept.view.name,
      inputs: request.inputs ?? {},
      secrets: records.secrets(kept),
      image: request.image,
      networks: request.networks,
      mark: kept.key
    });
    records.change(kept, {}, { sent: true });
    id = await client.create(auth, document);
  }
  const steps = withStep(kept.view.steps, 'create', { state: 'done' });
  records.change(kept, { id, state: 'pending', steps }, { id });
}

async function findOwn(kept: IKept, client: ImClient, auth: IImAuth, records: Records): Promise<string | undefined> {
  for (const id of (await client.list(auth)).filter(found => records.find(found) === undefined)) {
    const text =
      (await client.tosca(auth, id).catch(ignoreMissing)) ?? (await client.radlText(auth, id).catch(ignoreMissing));
    if (text?.includes(kept.key)) {
      return id;
    }
  }
  return undefined;
}

/** One that went meanwhile, or is somebody else's, is not ours. */
function ignoreMissing(error: unknown): undefined {
  if (!isProblem(error, 'not-found', 'forbidden', 'invalid')) {
    throw error;
  }
  return undefined;
}
