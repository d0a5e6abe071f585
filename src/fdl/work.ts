import { Notification } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { TargetVersion } from '../../backend-bridge/src/fdl/editor/types';
import { serverPath } from '../drive/files';
import type { IOscarModel } from '../tokens';
import { applyEdits, replaceText } from './apply';
import { askFor } from './dialogs';
import type { FdlSession } from './session';

type Context = DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;

/** What the commands do with the text of one file. */
export interface IFdlWork {
  context: Context;
  session: FdlSession;
  trans: TranslationBundle;
}

/** Ask the cluster, too: it knows which services and scripts are there. Answers how many problems there are. */
export async function check(work: IFdlWork, model: IOscarModel, contents: Contents.IManager): Promise<number> {
  const { context, session, trans } = work;
  const text = session.text;
  await model.start();
  const { problems } = await model.client.check(
    {
      text,
      name: context.path.slice(context.path.lastIndexOf('/') + 1),
      base: { contents: serverPath(contents, context.path) }
    },
    model.current?.id
  );
  session.setRemote(text, problems);
  const all = session.lint(text).problems;
  const errors = all.filter(problem => problem.severity === 'error').length;
  if (all.length === 0) {
    Notification.success(trans.__('No problems.'), { autoClose: 3000 });
  } else {
    Notification.emit(
      errors > 0
        ? trans._n('%1 error. It cannot be deployed like this.', '%1 errors. It cannot be deployed like this.', errors)
        : trans._n('%1 remark. It can be deployed.', '%1 remarks. It can be deployed.', all.length),
      errors > 0 ? 'error' : 'info',
      { autoClose: 5000 }
    );
  }
  return all.length;
}

export function format(work: IFdlWork): void {
  const { context, session } = work;
  replaceText(context.model.sharedModel, session.language.format(session.text));
}

export function fixAll(work: IFdlWork): void {
  const { context, session, trans } = work;
  const edits = session.language.fixAll(session.lint().problems);
  if (edits.length === 0) {
    Notification.info(trans.__('There is nothing that can be repaired by itself.'), { autoClose: 3000 });
    return;
  }
  applyEdits(context.model.sharedModel, edits);
}

/** Rename a service wherever it is named. */
export async function rename(work: IFdlWork, args: { from?: string; to?: string }): Promise<void> {
  const { context, session, trans } = work;
  const names = session
    .document()
    .oscar.map(entry => String(entry.service.name ?? ''))
    .filter(name => name !== '');
  if (names.length === 0) {
    Notification.info(trans.__('There is no service in this file.'), { autoClose: 3000 });
    return;
  }
  const from = args.from !== undefined && names.includes(args.from) ? args.from : names[0];
  const values =
    args.from !== undefined && args.to !== undefined
      ? { from: args.from, to: args.to }
      : await askFor({
          title: trans.__('Rename a service'),
          ok: trans.__('Rename'),
          fields: [
            ...(names.length > 1 ? [{ name: 'from', label: trans.__('Service'), options: names, value: from }] : []),
            { name: 'to', label: trans.__('New name'), value: from }
          ]
        });
  if (!values) {
    return;
  }
  const renamed = session.language.renameService(session.text, values.from ?? from, values.to ?? '');
  if (renamed.problem !== undefined) {
    Notification.error(renamed.problem, { autoClose: 6000 });
    return;
  }
  applyEdits(context.model.sharedModel, renamed.edits);
}

const VERSIONS: readonly TargetVersion[] = ['3.x', '4.0', '4.1'];

/** Write the file for another version of the server. */
export async function convert(work: IFdlWork, args: { version?: string }): Promise<void> {
  const { context, session, trans } = work;
  const values =
    args.version !== undefined
      ? { version: args.version }
      : await askFor({
          title: trans.__('Convert to a version of OSCAR'),
          ok: trans.__('Convert'),
          fields: [{ name: 'version', label: trans.__('Version'), options: [...VERSIONS], value: '4.1' }]
        });
  const version = VERSIONS.find(item => item === values?.version);
  if (version === undefined) {
    return;
  }
  const { text, notes } = session.language.convertVersion(session.text, version);
  if (text === session.text && notes.length === 0) {
    Notification.info(trans.__('The file is good for OSCAR %1 as it is.', version), { autoClose: 4000 });
    return;
  }
  replaceText(context.model.sharedModel, text);
  Notification.info([trans.__('Written for OSCAR %1.', version), ...notes].join(' '), { autoClose: 10000 });
}
