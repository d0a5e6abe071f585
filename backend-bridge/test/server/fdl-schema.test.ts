import { fdlSchema } from '../../src/fdl';
import { cleanUp, start } from './harness';

afterAll(cleanUp);

test('the schema of FDL is served as it is', async () => {
  const bridge = await start();
  const answer = await bridge.call('/v1/fdl/schema');
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual(JSON.parse(JSON.stringify(fdlSchema())));
});
