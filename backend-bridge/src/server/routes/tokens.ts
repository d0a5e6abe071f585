import { Type } from '@sinclair/typebox';
import { TokenInfo } from '../../contract';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { describe } from './describe';

/** The user's token. */
export function tokenRoutes(app: BridgeApp, context: IServerContext): void {
  const { infrastructures: room } = context;
  app.get(
    '/v1/tokens',
    { schema: describe({ summary: 'Who the token at hand says you are', response: { 200: TokenInfo } }) },
    async () => room.tokens()
  );
  app.put(
    '/v1/tokens',
    {
      schema: describe({
        summary: 'Use this token; it is kept in memory only',
        body: Type.Object({ token: Type.String() }, { additionalProperties: false }),
        response: { 200: TokenInfo }
      })
    },
    async request => room.giveToken(request.body.token)
  );
  app.delete(
    '/v1/tokens',
    { schema: describe({ summary: 'Forget the token that was given', response: { 204: null } }) },
    async (_request, reply) => {
      room.forgetToken();
      return reply.code(204).send();
    }
  );
}
