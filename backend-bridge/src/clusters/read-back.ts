import { pathOf, placeOfIO, type IOscarService, type IStorageIO } from '../fdl';
import { BridgeError } from '../http';

function paths(list: IStorageIO[] | undefined, service: string): string {
  return (list ?? [])
    .map(io => pathOf(placeOfIO(io, service)))
    .sort()
    .join('\n');
}

/** True when the paths are those that were sent. */
export function samePaths(list: IStorageIO[], expected: string[], service: string): boolean {
  // Providers do not matter here: the expected paths are those of the very body that was sent.
  const wanted = expected.map((path, index) => ({ storage_provider: list[index]?.storage_provider ?? 'minio', path }));
  return paths(list, service) === paths(wanted, service);
}

/** True when the service on the cluster is the one that was sent, in what cannot be there by chance. */
export function matches(sent: Partial<IOscarService>, there: IOscarService): boolean {
  return (
    there.image === sent.image &&
    there.script.replace(/\r\n/g, '\n') === (sent.script ?? '').replace(/\r\n/g, '\n') &&
    paths(there.input, there.name) === paths(sent.input, there.name) &&
    paths(there.output, there.name) === paths(sent.output, there.name)
  );
}

/** The cluster said yes, and it is not so. */
export function notApplied(cluster: string, name: string, verb: string): BridgeError {
  return new BridgeError({
    type: 'remote-error',
    title: 'Not applied',
    status: 502,
    detail: `The cluster "${cluster}" said that "${name}" was ${verb}, but it is not so.`,
    action: 'Apply the file again.'
  });
}
