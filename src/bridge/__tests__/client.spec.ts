import { Failure, FakeServer } from '../../testing/fake';
import { BridgeClient } from '../client';
import { BridgeError } from '../errors';
import { encodeKey, hrefPath } from '../paths';

describe('BridgeClient', () => {
  let server: FakeServer;
  let client: BridgeClient;

  beforeEach(() => {
    server = new FakeServer();
    client = server.client();
  });

  it('sends JSON to the path of the contract', async () => {
    server.routes['POST clusters/a%2Fb/services/ocr/submissions'] = { id: 's' };
    await client.submit('a/b', 'ocr', [{ contents: 'data/page one.png' }]);
    const [request] = server.requests;
    expect(request.body).toEqual({ files: [{ contents: 'data/page one.png' }] });
    expect(request.init.headers).toEqual({ 'Content-Type': 'application/json' });
  });

  it('sends valid JSON also where there is nothing to say', async () => {
    server.routes['DELETE clusters/far'] = {};
    server.routes['POST clusters/local/jobs/ocr-1/cancel'] = {};
    await client.removeCluster('far');
    await client.cancelJob('local', 'ocr-1');
    expect(server.requests.map(request => request.init.body)).toEqual(['{}', '{}']);
  });

  it('sends typed text as it is, with the name percent-encoded', async () => {
    server.routes['POST clusters/local/services/cowsay/invoke'] = { state: 'succeeded', files: [] };
    await client.invoke({ cluster: 'local', service: 'cowsay', body: 'moo', mediaType: 'text/plain', name: 'é.txt' });
    expect(server.requests[0].init).toMatchObject({
      body: 'moo',
      headers: { 'Content-Type': 'text/plain', 'X-OSCAR-Filename': '%C3%A9.txt' }
    });
  });

  it('keeps the problem document of a failure, with the true status', async () => {
    server.routes['GET status'] = new Failure(503, {
      type: 'urn:x',
      title: 'No',
      detail: 'Why',
      action: 'Do',
      status: 1
    });
    const reason: unknown = await client.status().catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(BridgeError);
    expect((reason as BridgeError).problem).toEqual({
      type: 'urn:x',
      title: 'No',
      detail: 'Why',
      action: 'Do',
      status: 503
    });
  });

  it.each([
    [404, 'The server extension does not answer'],
    [403, 'The Jupyter server refused the call'],
    [502, 'The Jupyter server could not answer']
  ])('explains an answer %s that is not ours', async (status, title) => {
    const transport = {
      url: (path: string) => path,
      request: async () => ({ ok: false, status, text: async () => '<html>nope</html>' }) as unknown as Response
    };
    await expect(new BridgeClient({ transport }).status()).rejects.toMatchObject({ problem: { title, status } });
  });

  it('explains a server that is gone, and passes on that the caller gave up', async () => {
    const failing = (error: Error): BridgeClient =>
      new BridgeClient({ transport: { url: path => path, request: () => Promise.reject(error) } });
    await expect(failing(new TypeError('Failed to fetch')).status()).rejects.toMatchObject({
      problem: { title: 'The Jupyter server cannot be reached', cause: 'Failed to fetch' }
    });
    await expect(failing(new DOMException('gone', 'AbortError')).status()).rejects.toMatchObject({
      name: 'AbortError'
    });
  });

  it('says that the bridge was used, but not for looking at its state', async () => {
    const used = jest.fn();
    client.used.connect(used);
    await client.bridgeState();
    expect(used).not.toHaveBeenCalled();
    await client.clusters();
    expect(used).toHaveBeenCalledTimes(1);
  });

  it('makes links below the base URL', () => {
    const url = client.storage('local').url('ocr', 'output/page 1.png');
    expect(url).toBe(
      'http://test/user/a%40b/jupyterlab-oscar/v1/clusters/local/buckets/ocr/objects/output/page%201.png?download=true'
    );
  });
});

describe('paths', () => {
  it.each([
    ['a/b c', 'a/b%20c'],
    ['a/../b', 'a%2F..%2Fb'],
    ['/a', '%2Fa'],
    ['a//b', 'a%2F%2Fb'],
    ['ä+%?#', '%C3%A4%2B%25%3F%23']
  ])('encodes the key %s so that nothing on the way folds it', (key, path) => {
    expect(encodeKey(key)).toBe(path);
    expect(decodeURIComponent(new URL(`http://x/o/${path}`).pathname.slice(3))).toBe(key);
  });

  it('takes an href with and without its version', () => {
    expect(hrefPath('/results/1/a')).toBe('v1/results/1/a');
    expect(hrefPath('/v1/results/1/a')).toBe('v1/results/1/a');
  });
});
