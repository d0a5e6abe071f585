import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { IOscarSettings } from '../oscar/settings';
import { DEFAULT_SETTINGS } from '../oscar/settings';
import { IOscarSettingsToken } from '../tokens';

/** The user's settings; the defaults where there is no settings system. */
export const settingsPlugin: JupyterFrontEndPlugin<() => IOscarSettings> = {
  id: 'jupyterlab-oscar:settings',
  description: 'Provides the settings of the OSCAR views.',
  optional: [ISettingRegistry],
  provides: IOscarSettingsToken,
  activate: (app: JupyterFrontEnd, registry: ISettingRegistry | null): (() => IOscarSettings) => {
    let current = DEFAULT_SETTINGS;
    const apply = (settings: ISettingRegistry.ISettings): void => {
      current = { ...DEFAULT_SETTINGS, ...(settings.composite as Partial<IOscarSettings>) };
    };
    registry
      ?.load('jupyterlab-oscar:settings')
      .then(settings => {
        settings.changed.connect(apply);
        apply(settings);
      })
      .catch(reason => console.error('The settings of jupyterlab-oscar could not be read', reason));
    return () => current;
  }
};
