import { Type } from '@sinclair/typebox';
import { CloudCredential, CloudCredentialSet, CloudProvider, CredentialTest, ImServer } from '../../contract';
import type { BridgeApp } from '../app';
import { callerOf } from '../caller';
import type { IServerContext } from '../context';
import { invalid } from '../problem';
import { describe } from './describe';
import { IdPath } from './schemas';

const ImChange = Type.Object(
  {
    url: Type.Optional(Type.String({ description: 'Empty: none.' })),
    templates: Type.Optional(Type.String({ description: 'Address or folder; empty: the usual one.' })),
    user: Type.Optional(Type.String({ description: 'Empty: the token at hand is used.' })),
    password: Type.Optional(Type.String()),
    ca: Type.Optional(Type.String({ description: 'PEM text of the authority.' }))
  },
  { additionalProperties: false }
);

/** Which Infrastructure Manager is used, and the credentials of clouds that it gets. */
export function imSettingRoutes(app: BridgeApp, context: IServerContext): void {
  const { infrastructures: room } = context;
  app.get(
    '/v1/im',
    { schema: describe({ summary: 'The Infrastructure Manager that is used', response: { 200: ImServer } }) },
    async () => room.server()
  );
  app.put(
    '/v1/im',
    { schema: describe({ summary: 'Use another one', body: ImChange, response: { 200: ImServer } }) },
    async request => {
      const { templates } = request.body;
      if (callerOf(request) === 'page' && templates && !/^https?:\/\//i.test(templates)) {
        throw invalid(
          'The page may name addresses of templates, not folders of the machine.',
          'Set a folder with the command line.'
        );
      }
      return room.changeServer(request.body);
    }
  );
  app.get(
    '/v1/im/providers',
    {
      schema: describe({
        summary: 'Kinds of clouds, and the fields of their credentials',
        response: { 200: Type.Object({ items: Type.Array(CloudProvider) }) }
      })
    },
    async () => ({ items: room.providers() })
  );
  app.get(
    '/v1/im/credentials',
    {
      schema: describe({
        summary: 'Credentials of clouds, without their values',
        response: { 200: Type.Object({ items: Type.Array(CloudCredential) }) }
      })
    },
    async () => ({ items: room.credentials() })
  );
  app.put(
    '/v1/im/credentials/:id',
    {
      schema: describe({
        summary: 'Keep credentials of a cloud',
        params: IdPath,
        body: CloudCredentialSet,
        response: { 200: CloudCredential }
      })
    },
    async request => room.setCredential(request.params.id, request.body)
  );
  app.delete(
    '/v1/im/credentials/:id',
    { schema: describe({ summary: 'Forget credentials', params: IdPath, response: { 204: null } }) },
    async (request, reply) => {
      room.removeCredential(request.params.id);
      return reply.code(204).send();
    }
  );
  app.post(
    '/v1/im/credentials/:id/test',
    { schema: describe({ summary: 'Do they work', params: IdPath, response: { 200: CredentialTest } }) },
    async request => room.testCredential(request.params.id)
  );
  app.get(
    '/v1/im/credentials/:id/images',
    {
      schema: describe({
        summary: 'Images of the cloud',
        params: IdPath,
        querystring: Type.Object({ filter: Type.Optional(Type.String({ description: "IM's own: key=value,…" })) }),
        response: { 200: Type.Object({ items: Type.Array(Type.Object({ uri: Type.String(), name: Type.String() })) }) }
      })
    },
    async request => ({ items: await room.images(request.params.id, request.query.filter) })
  );
}
