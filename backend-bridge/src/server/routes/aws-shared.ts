import { Type, type Static } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import type { Operation } from '../../contract';
import type { IScarProgress, ISelection } from '../../scar';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { sendText } from '../text-stream';
import { describe } from './describe';

/** Instead of the chosen account: of one call. */
export const selection = {
  profile: Type.Optional(Type.String({ maxLength: 256, description: 'Of ~/.aws; default: the chosen one.' })),
  region: Type.Optional(Type.String({ maxLength: 64, description: 'Default: the chosen one.' }))
};
export const Selection = Type.Object(selection);

type ItemType = Parameters<typeof Type.Array>[0];

export const itemsOf = <T extends ItemType>(type: T) => Type.Object({ items: Type.Array(type) });

/** A list of the account, whole. */
export function listRoute<T extends ItemType>(
  app: BridgeApp,
  url: string,
  summary: string,
  item: T,
  list: (selection: ISelection) => Promise<Static<T>[]>
): void {
  app.get(
    url,
    { schema: describe({ summary, querystring: Selection, response: { 200: itemsOf(item) } }) },
    async request => ({ items: await list(request.query) })
  );
}

/** Begins work that takes a while; its steps are those of the operation. */
export function begin(
  { operations }: IServerContext,
  what: { kind: 'aws-delete' | 'aws-process'; title: string },
  query: ISelection,
  work: (options: IScarProgress & ISelection) => Promise<void>
): Operation {
  return operations.start(what, handle =>
    work({ ...query, onSteps: steps => handle.steps(steps), signal: handle.signal })
  );
}

/** AWS is far away: what it refuses is known so late, in milliseconds. */
const FIRST_WORD = 5000;

/** Sends a log as it comes. @throws BridgeError when it cannot be read */
export async function sendLog(reply: FastifyReply, lines: AsyncIterable<string>, { log }: IServerContext) {
  return sendText(reply, lines, log, FIRST_WORD);
}
