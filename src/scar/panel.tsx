import type { ITranslator } from '@jupyterlab/translation';
import { addIcon, CommandToolbarButton, SidePanel } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';

import { CommandIDs } from '../commands';
import { scarIcon } from '../icons';
import type { IViewContext } from '../oscar/components/context';
import { LazyView } from '../oscar/lazy';
import { section, shareRoom } from '../oscar/sections';
import { scarModelOf } from './model';

/** The SCAR side panel: who calls AWS on top; functions, jobs of Batch, APIs and buckets below. */
export class ScarPanel extends SidePanel {
  constructor(options: ScarPanel.IOptions) {
    super({ translator: options.translator });
    const { view } = options;
    const { trans, model } = view;
    this._view = view;
    this.id = ScarPanel.ID;
    this.addClass('jp-OscarPanel');
    this.addClass('jp-OscarScarPanel');
    this.title.icon = scarIcon;
    this.title.caption = trans.__('SCAR: functions on AWS');
    this.title.dataset = { jpTabLabel: trans.__('SCAR') };
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('SCAR'));

    this.header.addWidget(new LazyView(view, async () => (await import('./components/ContextBar')).ContextBar));
    const functions = section(
      trans.__('Functions'),
      new LazyView(view, async () => (await import('./components/Functions')).Functions)
    );
    functions.toolbar.addItem(
      'deploy',
      new CommandToolbarButton({
        commands: view.commands,
        id: CommandIDs.deployAws,
        icon: addIcon,
        caption: trans.__('Deploy an FDL file…'),
        label: ''
      })
    );
    this.addWidget(functions);
    this.addWidget(
      section(
        trans.__('Jobs'),
        new LazyView(
          view,
          async () => (await import('./components/BatchJobs')).BatchJobs,
          visible => scarModelOf(model).watch(visible)
        )
      )
    );
    this.addWidget(section(trans.__('APIs'), new LazyView(view, async () => (await import('./components/Apis')).Apis)));
    let unfold = (): void => undefined;
    const buckets = section(
      trans.__('Buckets'),
      new LazyView(
        view,
        async () => (await import('./components/AwsBuckets')).AwsBuckets,
        visible => visible && unfold()
      )
    );
    // The buckets of an account are many: they are read when the section is opened.
    buckets.hide();
    this.addWidget(buckets);
    unfold = shareRoom(this, { sizes: [5, 3, 3, 3], folded: 3 });
  }

  /** To be looked at is to be used: the bridge may start. */
  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void scarModelOf(this._view.model).start();
  }

  private readonly _view: IViewContext;
}

export namespace ScarPanel {
  export const ID = 'jp-scar-panel';

  export interface IOptions {
    view: IViewContext;
    translator: ITranslator;
  }
}
