import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Put in by the bundler. */
declare const BRIDGE_VERSION: string | undefined;

function fromPackage(): string {
  const text = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Version of the bridge, the same as the package's. */
export const VERSION: string = typeof BRIDGE_VERSION === 'string' ? BRIDGE_VERSION : fromPackage();
