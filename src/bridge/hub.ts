import { PageConfig } from '@jupyterlab/coreutils';

/**
 * Where a hub answers its user's access token: below the hub's own prefix and on the page's own origin, nowhere else.
 *
 * @param service Path below the prefix of all of the hub, for instance `services/share-manager/token`.
 * @returns undefined outside of a hub, for an empty path, and for one that leads to another origin.
 */
export function hubTokenUrl(service: string, page = hubPage()): string | undefined {
  const path = service.trim();
  if (path === '' || page.prefix === '') {
    return undefined;
  }
  try {
    const base = new URL(page.prefix.replace(/hub\/?$/, ''), page.origin);
    const url = new URL(path.replace(/^\/+/, ''), base);
    return url.origin === page.origin ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** `prefix` is that of the hub itself (`/hub/`), empty outside of one. */
export function hubPage(): { prefix: string; origin: string } {
  return { prefix: PageConfig.getOption('hubPrefix'), origin: window.location.origin };
}

/**
 * Asks the hub for the token, as the share manager of EGI Notebooks answers it: `{"access_token": "…"}`.
 *
 * @throws Error with the status; never with what was answered.
 */
export async function askHubForToken(url: string): Promise<string> {
  const answer = await window.fetch(url, {
    headers: { Authorization: `bearer ${PageConfig.getToken()}` },
    credentials: 'same-origin',
    // A redirect would carry the user's own token of the server along.
    redirect: 'error'
  });
  if (!answer.ok) {
    throw new Error(`The hub gave no access token: ${answer.status}`);
  }
  const token = ((await answer.json()) as { access_token?: unknown }).access_token;
  if (typeof token !== 'string' || token === '') {
    throw new Error('The hub gave no access token: its answer has none');
  }
  return token;
}
