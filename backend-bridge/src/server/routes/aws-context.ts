import { AwsContext, AwsContextChange, AwsEmulator, AwsProfile } from '../../contract';
import { BridgeError } from '../../http/errors';
import type { BridgeApp } from '../app';
import { callerOf } from '../caller';
import type { IServerContext } from '../context';
import { itemsOf, Selection } from './aws-shared';
import { describe } from './describe';

/** Which account calls go to, and the emulator that may play it. */
export function awsContextRoutes(app: BridgeApp, { scar }: IServerContext): void {
  app.get(
    '/v1/aws/context',
    {
      schema: describe({
        summary: 'The account and region that calls go to',
        querystring: Selection,
        response: { 200: AwsContext }
      })
    },
    async request => scar.context(request.query)
  );
  app.put(
    '/v1/aws/context',
    {
      schema: describe({
        summary: 'Choose profile, region, role, address, or the emulator',
        body: AwsContextChange,
        response: { 200: AwsContext }
      })
    },
    async request => {
      const { endpoint } = request.body;
      if (endpoint && callerOf(request) === 'page' && endpoint !== (await scar.emulator()).endpoint) {
        throw new BridgeError({
          type: 'forbidden',
          title: 'Not from the page',
          status: 403,
          detail: 'Keys of AWS would be used at an address that the page chose.',
          action: 'Choose the address on the command line: jupyter oscar scar config --endpoint-url.'
        });
      }
      return scar.change(request.body);
    }
  );
  app.get(
    '/v1/aws/profiles',
    { schema: describe({ summary: 'Profiles of ~/.aws', response: { 200: itemsOf(AwsProfile) } }) },
    async () => ({ items: scar.profiles() })
  );
  app.get(
    '/v1/aws/emulator',
    { schema: describe({ summary: 'The local AWS emulator', response: { 200: AwsEmulator } }) },
    async () => scar.emulator()
  );
  app.post(
    '/v1/aws/emulator/start',
    { schema: describe({ summary: 'Start the emulator', response: { 200: AwsEmulator } }) },
    async () => scar.startEmulator()
  );
  app.post(
    '/v1/aws/emulator/stop',
    { schema: describe({ summary: 'Stop the emulator; all in it is gone', response: { 200: AwsEmulator } }) },
    async () => scar.stopEmulator()
  );
}
