import { existingCluster } from './existing';
import { Infrastructures } from './infrastructures';
import type { IInfrastructures, IInfrastructuresOptions } from './interfaces';
import { PROVIDERS } from './providers';

export type { IDeployHandle, IInfrastructures, IInfrastructuresOptions, TemplateFile } from './interfaces';

/** Puts this room together. */
export function createInfrastructures(options: IInfrastructuresOptions): IInfrastructures {
  const room = new Infrastructures(options);
  const { connection, clouds, catalogue, tokens, requests, followers, reader, egi } = room;
  return {
    server: () => connection.describe(),
    changeServer: change => {
      connection.change(change);
      followers.wake();
      return connection.describe();
    },
    providers: () => PROVIDERS.map(({ type, title, fields }) => ({ type, title, fields })),
    credentials: () => clouds.list(),
    setCredential: (id, credential) => {
      const view = clouds.set(id, credential);
      followers.wake();
      return view;
    },
    removeCredential: id => clouds.remove(id),
    testCredential: id => clouds.test(id),
    images: async (id, filter) => connection.client().images(await clouds.auth(id), filter),
    egiSites: vo => egi.sites(vo),
    templates: () => catalogue.list(),
    form: (source, addons, file) => requests.form(source, addons, file),
    tokens: () => tokens.info(),
    giveToken: token => {
      tokens.give(token);
      followers.wake();
      return tokens.info();
    },
    forgetToken: () => tokens.forget(),
    list: () => room.list(),
    plan: (request, file) => requests.plan(request, file),
    sites: (request, file) => requests.sites(request, file),
    create: (request, file) => room.create(request, file),
    get: (id, wait) => room.get(id, wait),
    remove: (id, request) => room.remove(id, request),
    log: (id, request) => reader.log(id, request),
    template: id => reader.template(id),
    elasticity: async id => room.elasticity(id),
    control: (id, verb) => room.control(id, verb),
    retry: id => room.retry(id),
    register: id => room.register(id),
    scale: (id, request) => room.scale(id, request),
    controlVm: (id, vm, verb) => room.controlVm(id, vm, verb),
    addOwner: (id, token) => room.addOwner(id, token),
    adopt: (id, credential) => room.adopt(id, credential),
    sshKey: (id, vm) => reader.sshKey(id, vm),
    secrets: id => reader.secrets(id),
    existing: existingCluster,
    running: () => followers.running(),
    resume: () => followers.resume(),
    close: () => room.close()
  };
}
