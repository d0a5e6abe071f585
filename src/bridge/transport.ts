import { ServerConnection } from '@jupyterlab/services';

/**
 * A request to the Jupyter server below `<base_url>jupyterlab-oscar/`.
 *
 * It is the seam of all tests of the page: they give their own.
 */
export interface ITransport {
  /** `path` has no slash in front. Rejects when there is no answer; any status resolves. */
  request(path: string, init: RequestInit): Promise<Response>;
  /** Address of `path` for links, images and downloads. Holds no secret. */
  url(path: string): string;
}

/**
 * Requests with the user's Jupyter login and XSRF token.
 */
export class JupyterTransport implements ITransport {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  request(path: string, init: RequestInit): Promise<Response> {
    return ServerConnection.makeRequest(this.url(path), init, this._settings);
  }

  url(path: string): string {
    // Concatenated on purpose: joining would decode the base URL and fold `//` and `..` in keys.
    return `${this._settings.baseUrl}jupyterlab-oscar/${path}`;
  }
}
