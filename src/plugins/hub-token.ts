import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { askHubForToken, hubTokenUrl } from '../bridge/hub';
import type { BridgeEvent, TokenInfo } from '../contract';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';

/** A token is replaced so long before its end. */
const AHEAD = 5 * 60_000;
/** Timers of browsers take no more. */
const LONGEST = 2 ** 31 - 1;

/** On a hub whose operator says where: hands the user's access token to the bridge, again before each one ends. */
export const hubTokenPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:hub-token',
  description: 'Gives the access token of the hub to the bridge.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken],
  activate: (app: JupyterFrontEnd, model: IOscarModel, settings: () => IOscarSettings): void => {
    let timer = 0;
    const renew = async (): Promise<void> => {
      const url = hubTokenUrl(settings().hubTokenService);
      if (url === undefined) {
        return;
      }
      const { infrastructures } = model.client;
      let info: TokenInfo = await infrastructures.token();
      if (info.state !== 'valid') {
        info = await infrastructures.setToken(await askHubForToken(url));
      }
      window.clearTimeout(timer);
      if (info.expiresAt !== undefined) {
        const left = Math.max(Date.parse(info.expiresAt) - Date.now() - AHEAD, 60_000);
        timer = window.setTimeout(attempt, Math.min(left, LONGEST));
      }
    };
    const attempt = (): void =>
      void renew().catch((reason: unknown) => console.warn('No access token from the hub', reason));
    // With the bridge, which nobody wakes for this.
    model.events.connect((_, event: BridgeEvent) => {
      if (event.type === 'hello') {
        attempt();
      }
    });
  }
};
