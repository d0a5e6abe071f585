import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { TextModelFactory } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import * as editor from '../../../backend-bridge/src/fdl/editor';
import { editGraph, graphOf, placeNode } from '../../../backend-bridge/src/fdl/graph';
import { EventStream } from '../../bridge/events';
import { OscarModel } from '../../oscar/model';
import { cluster, FakeDocument, FakeServer } from '../../testing/fake';
import type { IGraphHost } from '../graph/actions';
import { GraphActions } from '../graph/actions';
import { GraphModel } from '../graph/model';
import { FdlSession } from '../session';

export const TWO = `# two services
functions:
  oscar:
  - local:
      name: grey # the name
      image: python:3.12-slim
      script: grey.sh
      input:
      - storage_provider: minio.default
        path: grey/in
      output:
      - storage_provider: minio.default
        path: grey/out
  - local:
      name: read
      image: python:3.12-slim
      script: read.sh
`;

export interface IOpenFile {
  oscar: OscarModel;
  shared: DocumentRegistry.ICodeModel['sharedModel'];
  session: FdlSession;
  model: GraphModel;
  actions: GraphActions;
  /** What the graph asked of JupyterLab. */
  asked: unknown[][];
  close: () => void;
}

/** A file with its real document, session, language and graph; only the server and the file browser are not real. */
export function openFile(text: string): IOpenFile {
  const server = new FakeServer();
  server.routes['GET status'] = { clusters: [cluster()] };
  const client = server.client();
  const stream = new EventStream({ source: client, document: new FakeDocument().asDocument(), delay: () => 1 });
  const oscar = new OscarModel({ client, stream });
  const code = new TextModelFactory().createNew();
  code.sharedModel.setSource(text);
  code.sharedModel.clearUndoHistory();
  const owner = {};
  const context = {
    path: 'a/fdl.yaml',
    model: code,
    isDisposed: false,
    disposed: new Signal(owner)
  } as unknown as DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;
  const contents = {
    fileChanged: new Signal(owner),
    get: (path: string) =>
      Promise.resolve(path === 'a' ? { content: [{ type: 'file', name: 'grey.sh' }] } : { content: '#!/bin/sh\n' })
  } as unknown as Contents.IManager;
  const language = { ...editor, editGraph, graphOf, placeNode };
  const session = new FdlSession({ language, context, model: oscar, contents });
  const model = new GraphModel(context, session);
  const asked: unknown[][] = [];
  const ask =
    (name: string) =>
    (...args: unknown[]): Promise<void> => {
      asked.push([name, ...args]);
      return Promise.resolve();
    };
  const host: IGraphHost = {
    showText: ask('showText'),
    check: ask('check'),
    plan: ask('plan'),
    apply: ask('apply'),
    useCluster: ask('useCluster')
  };
  const actions = new GraphActions(model, session, host, nullTranslator.load('jupyterlab_oscar'));
  return {
    oscar,
    shared: code.sharedModel,
    session,
    model,
    actions,
    asked,
    close: () => {
      model.dispose();
      session.dispose();
      oscar.dispose();
      code.dispose();
    }
  };
}
