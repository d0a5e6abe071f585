import type { EgiSite, SiteFit } from '../contract';
import { BridgeError, HttpClient, remoteFailure } from '../http';
import { at } from './templates/parse';

/** The federation's own list of sites; it needs no sign-in. */
const INFORMATION = 'https://is.cloud.egi.eu';
const TIMEOUT = 15_000;
const AT_ONCE = 4;
const MOST_SITES = 60;
/** Part of a path. */
const NAME = /^[\w.-]{1,100}$/;
/** What OSCAR's roles are written for, the newest first. */
const USUAL = [/ubuntu.*24\.04/i, /ubuntu.*22\.04/i, /ubuntu/i];

/** Sites of the EGI federation, from its information system (`/sites/`, `/site/<name>/<vo>/images`). */
export class EgiSites {
  constructor(private readonly _env: NodeJS.ProcessEnv) {}

  /** Sites that a virtual organisation may use. A site that does not tell its images is listed with the reason. */
  async sites(vo: string): Promise<EgiSite[]> {
    const listed = await this._get(`/sites/?vo_name=${encodeURIComponent(vo)}`);
    const names = (Array.isArray(listed) ? (listed as unknown[]) : [])
      .map(site => at(site, 'name'))
      .filter((name): name is string => typeof name === 'string' && NAME.test(name))
      .slice(0, MOST_SITES);
    const found: EgiSite[] = [];
    for (let from = 0; from < names.length; from += AT_ONCE) {
      found.push(...(await Promise.all(names.slice(from, from + AT_ONCE).map(name => this._site(name, vo)))));
    }
    return found;
  }

  private async _site(name: string, vo: string): Promise<EgiSite> {
    try {
      const listed = await this._get(`/site/${name}/${encodeURIComponent(vo)}/images`);
      const images = (Array.isArray(listed) ? (listed as unknown[]) : [])
        .map(image => ({ id: at(image, 'egi_id'), name: at(image, 'name') }))
        .filter((image): image is { id: string; name: string } => typeof image.id === 'string' && image.id !== '')
        .map(image => ({ name: String(image.name ?? image.id), uri: `egi://${name}/${image.id}?${vo}` }));
      return { name, images };
    } catch (error) {
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      return { name, images: [], problem: error.message };
    }
  }

  private async _get(path: string): Promise<unknown> {
    const base = this._env['OSCAR_EGI_INFO_URL'] ?? INFORMATION;
    const who = `the information system of EGI (${base})`;
    const http = new HttpClient({ base, who, timeout: TIMEOUT });
    try {
      const { status, body } = await http.request({ method: 'GET', path, headers: { Accept: 'application/json' } });
      const text = body.toString('utf8');
      if (status !== 200) {
        throw remoteFailure({ who, what: 'list the sites', status, text: /^\s*</.test(text) ? undefined : text });
      }
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (error instanceof SyntaxError) {
        throw remoteFailure({ who, what: 'list the sites', status: 502, text: 'its answer is no JSON' });
      }
      throw error;
    } finally {
      http.dispose();
    }
  }
}

/** The image of a site that a request means: by its address, by a part of its name, or the newest Ubuntu. */
export function imageOn(site: EgiSite, wanted: string | undefined): string | undefined {
  if (wanted?.startsWith('egi://')) {
    return site.images.find(image => image.uri === wanted)?.uri;
  }
  const part = wanted?.toLowerCase();
  return part
    ? site.images.find(image => image.name.toLowerCase().includes(part))?.uri
    : USUAL.map(pattern => site.images.find(image => pattern.test(image.name))?.uri).find(uri => uri !== undefined);
}

/** Tries each site; those that fit come first, in the order of the list. */
export async function fitSites(
  sites: EgiSite[],
  image: string | undefined,
  attempt: (site: string, image: string) => Promise<string | undefined>
): Promise<SiteFit[]> {
  const results: SiteFit[] = [];
  for (let from = 0; from < sites.length; from += AT_ONCE) {
    const part = sites.slice(from, from + AT_ONCE).map(async (site): Promise<SiteFit> => {
      const chosen = imageOn(site, image);
      if (chosen === undefined) {
        return { site: site.name, fits: false, reason: site.problem ?? 'It has no such image.' };
      }
      try {
        const reason = await attempt(site.name, chosen);
        return {
          site: site.name,
          image: chosen,
          fits: reason === undefined,
          ...(reason === undefined ? {} : { reason })
        };
      } catch (error) {
        if (!(error instanceof BridgeError)) {
          throw error;
        }
        return { site: site.name, image: chosen, fits: false, reason: error.message };
      }
    });
    results.push(...(await Promise.all(part)));
  }
  return [...results.filter(result => result.fits), ...results.filter(result => !result.fits)];
}
