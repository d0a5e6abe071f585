import { SILENT } from '../storage/sdk';
import type { IEmulatorDescription } from './emulator';
import { sdk } from './sdk';

/** Keys as the clients take them. */
export interface IAwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

export type AwsCredentialIdentityProvider = (options?: Record<string, unknown>) => Promise<IAwsKeys>;

/** Asked again so long before keys end, milliseconds. */
const EARLY = 60_000;

/**
 * The default chain of AWS (environment, profile, SSO, web identity, container, instance) for a profile, or for what the
 * environment says. Keys are remembered until they end; a failure is not remembered, and neither are the files of AWS, so that
 * signing in is enough.
 */
export function chain(profile: string | undefined, region: string): AwsCredentialIdentityProvider {
  let known: IAwsKeys | undefined;
  let asked: Promise<IAwsKeys> | undefined;
  return async () => {
    if (known && (known.expiration === undefined || known.expiration.getTime() - Date.now() > EARLY)) {
      return known;
    }
    asked ??= sdk
      .credentials()
      .fromNodeProviderChain({
        ...(profile === undefined ? {} : { profile }),
        clientConfig: { region },
        ignoreCache: true,
        logger: SILENT
      })()
      .finally(() => (asked = undefined));
    known = await asked;
    return known;
  };
}

/** The keys that the emulator gave. */
export function emulatorKeys(emulator: IEmulatorDescription): AwsCredentialIdentityProvider {
  const keys = { accessKeyId: emulator.access_key_id, secretAccessKey: emulator.secret_access_key };
  return async () => keys;
}
