import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';

import type { IOscarModel } from '../tokens';
import { loadLanguage } from './language';
import type { FdlSession } from './session';

type Context = DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;

/** One session for each open file; made, with its code, when the first is asked for. */
export class FdlSessions {
  constructor(
    private readonly _model: IOscarModel,
    private readonly _contents: Contents.IManager
  ) {}

  /** Remember which file an editor's model belongs to. */
  know(context: Context): void {
    this._contexts.set(context.model, context);
  }

  /** The file of an editor's model; undefined for editors without a file. */
  contextOf(model: object): Context | undefined {
    return this._contexts.get(model);
  }

  get(context: Context): Promise<FdlSession> {
    let session = this._sessions.get(context);
    if (!session) {
      session = this._make(context);
      this._sessions.set(context, session);
      session.catch(() => this._sessions.delete(context));
    }
    return session;
  }

  private async _make(context: Context): Promise<FdlSession> {
    const [language, { FdlSession }] = await Promise.all([loadLanguage(), import('./session')]);
    return new FdlSession({ language, context, model: this._model, contents: this._contents });
  }

  private readonly _contexts = new WeakMap<object, Context>();
  private readonly _sessions = new WeakMap<Context, Promise<FdlSession>>();
}
