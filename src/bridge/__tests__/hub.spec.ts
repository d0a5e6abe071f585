import { PageConfig } from '@jupyterlab/coreutils';

import { hubTokenPlugin } from '../../plugins/hub-token';
import type { IOscarModel } from '../../tokens';
import { askHubForToken, hubTokenUrl } from '../hub';

const HUB = { prefix: '/notebooks/hub/', origin: 'https://hub.example' };
const SERVICE = 'services/share-manager/token';

describe('where the hub answers tokens', () => {
  it.each([
    [SERVICE, HUB, 'https://hub.example/notebooks/services/share-manager/token'],
    [`/${SERVICE}`, HUB, 'https://hub.example/notebooks/services/share-manager/token'],
    [SERVICE, { ...HUB, prefix: '/hub/' }, 'https://hub.example/services/share-manager/token'],
    // Off, and outside of a hub.
    ['', HUB, undefined],
    [SERVICE, { ...HUB, prefix: '' }, undefined],
    // The token of the user's server goes to no other host.
    ['https://other.example/token', HUB, undefined],
    ['javascript:alert(1)', HUB, undefined]
  ])('%s', (service, page, url) => expect(hubTokenUrl(service, page)).toBe(url));

  it('stays on its origin whatever is written', () => {
    for (const service of [
      '//other.example/token',
      '\\\\other.example',
      'http:/x',
      '@other.example/t',
      '../../x',
      '?q'
    ]) {
      const url = hubTokenUrl(service, HUB);
      expect(url === undefined || new URL(url).origin === HUB.origin).toBe(true);
    }
  });
});

describe('the token of the hub', () => {
  const answer = (status: number, body: unknown): void => {
    window.fetch = jest.fn(async () => ({ ok: status < 400, status, json: async () => body }) as Response);
  };

  it.each([
    [403, {}, '403'],
    [200, {}, 'its answer has none'],
    [200, { access_token: 7 }, 'its answer has none']
  ])('%s %p is told without what was answered', async (status, body, message) => {
    answer(status, body);
    await expect(askHubForToken('https://hub.example/t')).rejects.toThrow(message);
  });

  it('goes to the bridge when it has none, and not again while that is valid', async () => {
    PageConfig.setOption('hubPrefix', '/hub/');
    answer(200, { access_token: 'fresh' });
    const given: string[] = [];
    const hour = {
      source: 'given',
      vos: [],
      refreshable: false,
      expiresAt: new Date(Date.now() + 3.6e6).toISOString()
    };
    let state = 'none';
    let hear: (sender: unknown, event: unknown) => void = () => undefined;
    const model = {
      events: { connect: (slot: typeof hear) => (hear = slot) },
      client: {
        infrastructures: {
          token: async () => ({ ...hour, state }),
          setToken: async (token: string) => {
            given.push(token);
            state = 'valid';
            return { ...hour, state };
          }
        }
      }
    } as unknown as IOscarModel;
    await hubTokenPlugin.activate({} as never, model as never, (() => ({ hubTokenService: SERVICE })) as never);
    const settled = async (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0));
    hear(model, { type: 'service' });
    await settled();
    expect(given).toEqual([]);
    hear(model, { type: 'hello' });
    await settled();
    hear(model, { type: 'hello' });
    await settled();
    expect(given).toEqual(['fresh']);
    const [url, options] = (window.fetch as jest.Mock).mock.calls[0] as [string, RequestInit];
    expect(url).toBe(`${window.location.origin}/${SERVICE}`);
    expect(options).toMatchObject({ redirect: 'error', credentials: 'same-origin' });
    PageConfig.setOption('hubPrefix', '');
  });
});
