import type { ITranslator } from '@jupyterlab/translation';
import { addIcon, CommandToolbarButton, SidePanel, type LabIcon } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { oscarIcon } from '../icons';
import { AllJobs } from '../jobs/components/JobList';
import { Buckets } from './components/Buckets';
import { ClusterBar } from './components/ClusterBar';
import type { IViewContext } from './components/context';
import { Services } from './components/Services';
import type { IDropHandlers } from './drop';
import { DropView } from './drop';
import { LazyView } from './lazy';
import { section, shareRoom } from './sections';
import { ViewWidget } from './view';

/**
 * The OSCAR side panel: the cluster on top, its services, jobs, buckets and infrastructures below. More sections can be added.
 */
export class OscarPanel extends SidePanel {
  constructor(options: OscarPanel.IOptions) {
    super({ translator: options.translator });
    const { view } = options;
    const { trans } = view;
    this._view = view;
    this.id = OscarPanel.ID;
    this.addClass('jp-OscarPanel');
    this.title.icon = oscarIcon;
    this.title.caption = trans.__('OSCAR');
    this.title.dataset = { jpTabLabel: trans.__('OSCAR') };
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('OSCAR'));

    this.header.addWidget(new ViewWidget(view, <ClusterBar />));
    const services = section(trans.__('Services'), new DropView(view, <Services />, options.drop), 'jp-OscarServices');
    services.toolbar.addItem('deploy', button(view, CommandIDs.deployExample, addIcon, trans.__('Deploy an example…')));
    this.addWidget(services);
    this.addWidget(section(trans.__('Jobs'), new ViewWidget(view, <AllJobs />), 'jp-OscarJobs'));
    this.addWidget(section(trans.__('Buckets'), new ViewWidget(view, <Buckets />), 'jp-OscarBuckets'));
    let unfold = (): void => undefined;
    const infrastructures = section(
      trans.__('Infrastructures'),
      new LazyView(
        view,
        async () => (await import('../infrastructure/components/InfrastructureList')).InfrastructureList,
        visible => visible && unfold()
      ),
      'jp-OscarInfrastructures'
    );
    infrastructures.toolbar.addItem(
      'new',
      button(view, CommandIDs.newInfrastructure, addIcon, trans.__('New cluster'))
    );
    // Clouds are asked when the section is opened, and only then.
    infrastructures.hide();
    this.addWidget(infrastructures);
    unfold = shareRoom(this, { sizes: [4, 2, 2, 4], folded: 3 });
  }

  /** To be looked at is to be used: the bridge may start. */
  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this._view.model.start();
  }

  private readonly _view: IViewContext;
}

export namespace OscarPanel {
  export const ID = 'jp-oscar-panel';

  export interface IOptions {
    view: IViewContext;
    drop: IDropHandlers;
    translator: ITranslator;
  }
}

function button(view: IViewContext, id: string, icon: LabIcon, caption: string): CommandToolbarButton {
  return new CommandToolbarButton({ commands: view.commands, id, icon, caption, label: '' });
}
