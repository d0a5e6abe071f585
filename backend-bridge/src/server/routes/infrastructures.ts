import { readFile } from 'node:fs/promises';
import { Type } from '@sinclair/typebox';
import {
  CloudCredential,
  CloudCredentialSet,
  CloudProvider,
  CredentialTest,
  EgiSite,
  Elasticity,
  ExistingClusterFiles,
  ExistingClusterRequest,
  FileRef,
  ImServer,
  ImTemplate,
  Infrastructure,
  InfrastructurePlan,
  InfrastructureRequest,
  Problem,
  ScaleRequest,
  SiteFit,
  TokenInfo,
  type TemplateRef
} from '../../contract';
import type { TemplateFile } from '../../infrastructure';
import type { BridgeApp } from '../app';
import { callerOf, signalOf } from '../caller';
import type { IServerContext } from '../context';
import type { Caller } from '../files';
import { invalid } from '../problem';
import { sendText } from '../text-stream';
import { describe } from './describe';
import { IdPath, WaitQuery } from './schemas';

const VmPath = Type.Object({ id: Type.String(), vm: Type.String({ description: 'Number of the machine.' }) });

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

const FormRequest = Type.Object({
  template: Type.Optional(Type.String()),
  file: Type.Optional(FileRef),
  addons: Type.Optional(Type.Array(Type.String()))
});

const Login = Type.Object({
  user: Type.String(),
  host: Type.String(),
  key: Type.Optional(Type.String()),
  password: Type.Optional(Type.String())
});

/** Answers that hold a secret are kept by nobody on the way. */
const NO_STORE = { 'Cache-Control': 'no-store' };

/** Clusters on any cloud: the Infrastructure Manager, its credentials, templates, infrastructures; and the user's token. */
export function infrastructureRoutes(app: BridgeApp, context: IServerContext): void {
  settingRoutes(app, context);
  templateRoutes(app, context);
  lifeRoutes(app, context);
  changeRoutes(app, context);
  tokenRoutes(app, context);
}

/** The text of a template that is a file; undefined for one of the catalogue. */
async function templateFile(source: TemplateRef, caller: Caller, { files }: IServerContext): Promise<TemplateFile> {
  if ('template' in source) {
    return undefined;
  }
  const { name, path } = await files.input(source.file, caller);
  if (path === undefined) {
    throw invalid('A template cannot be an object of a bucket.', 'Give a file.');
  }
  return { name, text: await readFile(path, 'utf8') };
}

function settingRoutes(app: BridgeApp, context: IServerContext): void {
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

function templateRoutes(app: BridgeApp, context: IServerContext): void {
  const { infrastructures: room } = context;
  app.get(
    '/v1/im/egi/sites',
    {
      schema: describe({
        summary: 'Sites of EGI for a virtual organisation, with their images',
        querystring: Type.Object({ vo: Type.String() }),
        response: { 200: Type.Object({ items: Type.Array(EgiSite) }) }
      })
    },
    async request => ({ items: await room.egiSites(request.query.vo) })
  );
  app.get(
    '/v1/im/templates',
    {
      schema: describe({
        summary: 'Templates of this package and of the catalogue',
        response: { 200: Type.Object({ items: Type.Array(ImTemplate), problem: Type.Optional(Problem) }) }
      })
    },
    async () => room.templates()
  );
  app.post(
    '/v1/im/templates/form',
    { schema: describe({ summary: 'A template with its form', body: FormRequest, response: { 200: ImTemplate } }) },
    async request => {
      const { template, file, addons = [] } = request.body;
      if ((template === undefined) === (file === undefined)) {
        throw invalid('Give exactly one of `template` and `file`.');
      }
      const source: TemplateRef = file === undefined ? { template: template as string } : { file };
      return room.form(source, addons, await templateFile(source, callerOf(request), context));
    }
  );
}

function lifeRoutes(app: BridgeApp, context: IServerContext): void {
  const { infrastructures: room } = context;
  const base = '/v1/infrastructures';
  app.get(
    base,
    {
      schema: describe({
        summary: 'Infrastructures, newest first, then those created elsewhere',
        response: { 200: Type.Object({ items: Type.Array(Infrastructure), problem: Type.Optional(Problem) }) }
      })
    },
    async () => room.list()
  );
  app.post(
    `${base}/plan`,
    {
      schema: describe({
        summary: 'What creating it would make',
        body: InfrastructureRequest,
        response: { 200: InfrastructurePlan }
      })
    },
    async request => room.plan(request.body, await templateFile(request.body.source, callerOf(request), context))
  );
  app.post(
    `${base}/sites`,
    {
      schema: describe({
        summary: 'Which sites of EGI take it, tried with a dry run and their quotas',
        body: InfrastructureRequest,
        response: { 200: Type.Object({ items: Type.Array(SiteFit) }) }
      })
    },
    async request => ({
      items: await room.sites(request.body, await templateFile(request.body.source, callerOf(request), context))
    })
  );
  app.post(
    base,
    {
      schema: describe({
        summary: 'Create an infrastructure',
        body: InfrastructureRequest,
        response: { 201: Infrastructure }
      })
    },
    async (request, reply) => {
      const file = await templateFile(request.body.source, callerOf(request), context);
      return reply.code(201).send(await room.create(request.body, file));
    }
  );
  app.post(
    `${base}/existing`,
    {
      schema: describe({
        summary: 'Files that help to make a cluster where the Infrastructure Manager cannot',
        body: ExistingClusterRequest,
        response: { 200: ExistingClusterFiles }
      })
    },
    async request => room.existing(request.body)
  );
  app.get(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'State of an infrastructure',
        params: IdPath,
        querystring: WaitQuery,
        response: { 200: Infrastructure }
      })
    },
    async (request, reply) => room.get(request.params.id, { ...request.query, signal: signalOf(reply) })
  );
  app.delete(
    `${base}/:id`,
    {
      schema: describe({
        summary: 'Delete it with all its machines',
        params: IdPath,
        querystring: Type.Object({
          confirm: Type.Optional(Type.String({ description: 'Its name.' })),
          force: Type.Optional(
            Type.Boolean({ description: 'Forget it also when the cloud does not delete all of it.' })
          )
        }),
        response: { 202: Infrastructure }
      })
    },
    async (request, reply) => reply.code(202).send(await room.remove(request.params.id, request.query))
  );
  app.get(
    `${base}/:id/log`,
    {
      schema: describe({
        summary: 'Log of the configuration, secrets masked',
        params: IdPath,
        querystring: Type.Object({
          follow: Type.Optional(Type.Boolean({ description: 'Stay and send what is added.' })),
          vm: Type.Optional(Type.String({ description: 'Of one machine.' }))
        }),
        response: { 200: 'text/plain' }
      })
    },
    async (request, reply) => {
      const lines = room.log(request.params.id, { ...request.query, signal: signalOf(reply) });
      return sendText(reply, lines, context.log);
    }
  );
  app.get(
    `${base}/:id/template`,
    {
      schema: describe({ summary: 'Its template, secrets masked', params: IdPath, response: { 200: 'text/yaml' } })
    },
    async (request, reply) => reply.type('text/yaml; charset=utf-8').send(await room.template(request.params.id))
  );
  app.get(
    `${base}/:id/elasticity`,
    {
      schema: describe({
        summary: 'Workers there are, and would be needed',
        params: IdPath,
        response: { 200: Elasticity }
      })
    },
    async request => room.elasticity(request.params.id)
  );
}

function changeRoutes(app: BridgeApp, context: IServerContext): void {
  const { infrastructures: room } = context;
  const base = '/v1/infrastructures/:id';
  const change = (verb: string, summary: string, work: (id: string) => Promise<Infrastructure>): void => {
    app.post(
      `${base}/${verb}`,
      { schema: describe({ summary, params: IdPath, response: { 200: Infrastructure } }) },
      async request => work(request.params.id)
    );
  };
  change('start', 'Start all machines', id => room.control(id, 'start'));
  change('stop', 'Stop all machines', id => room.control(id, 'stop'));
  change('reconfigure', 'Configure all machines again', id => room.control(id, 'reconfigure'));
  change('retry', 'Go on with the step that failed', id => room.retry(id));
  change('register', 'Add the cluster to the clusters', id => room.register(id));
  app.post(
    `${base}/scale`,
    {
      schema: describe({
        summary: 'Another number of workers',
        params: IdPath,
        body: ScaleRequest,
        response: { 200: Infrastructure }
      })
    },
    async request => room.scale(request.params.id, request.body)
  );
  for (const verb of ['start', 'stop', 'reboot'] as const) {
    app.post(
      `${base}/vms/:vm/${verb}`,
      { schema: describe({ summary: `One machine: ${verb}`, params: VmPath, response: { 200: Infrastructure } }) },
      async request => room.controlVm(request.params.id, request.params.vm, verb)
    );
  }
  app.post(
    `${base}/owners`,
    {
      schema: describe({
        summary: 'Add an owner, by a token of theirs; without one yourself',
        params: IdPath,
        body: Type.Object({ token: Type.Optional(Type.String()) }, { additionalProperties: false }),
        response: { 200: Infrastructure }
      })
    },
    async request => room.addOwner(request.params.id, request.body.token)
  );
  app.post(
    `${base}/adopt`,
    {
      schema: describe({
        summary: 'Take one that was created elsewhere, under these credentials',
        params: IdPath,
        body: Type.Object({ credential: Type.String() }, { additionalProperties: false }),
        response: { 200: Infrastructure }
      })
    },
    async request => room.adopt(request.params.id, request.body.credential)
  );
  app.post(
    `${base}/vms/:vm/ssh-key`,
    { schema: describe({ summary: 'The way into a machine', params: VmPath, response: { 200: Login } }) },
    async (request, reply) => reply.headers(NO_STORE).send(await room.sshKey(request.params.id, request.params.vm))
  );
  app.post(
    `${base}/secrets`,
    {
      schema: describe({
        summary: 'User and password of the cluster',
        params: IdPath,
        response: { 200: Type.Object({ user: Type.String(), password: Type.String() }) }
      })
    },
    async (request, reply) => reply.headers(NO_STORE).send(await room.secrets(request.params.id))
  );
}

function tokenRoutes(app: BridgeApp, context: IServerContext): void {
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
