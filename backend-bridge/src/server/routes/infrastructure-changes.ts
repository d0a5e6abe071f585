import { Type } from '@sinclair/typebox';
import { Infrastructure, ScaleRequest } from '../../contract';
import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { describe } from './describe';
import { IdPath } from './schemas';

const VmPath = Type.Object({ id: Type.String(), vm: Type.String({ description: 'Number of the machine.' }) });

const Login = Type.Object({
  user: Type.String(),
  host: Type.String(),
  key: Type.Optional(Type.String()),
  password: Type.Optional(Type.String())
});

/** Answers that hold a secret are kept by nobody on the way. */
const NO_STORE = { 'Cache-Control': 'no-store' };

/** What is done with an infrastructure that is there, and the ways into it. */
export function infrastructureChangeRoutes(app: BridgeApp, context: IServerContext): void {
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
