/**
 * An S3 endpoint in a process of its own, to be killed. Arguments: folder. Prints its port. Runs the sources through the
 * compiler that jest has, so that it needs no build.
 */
const { readFileSync } = require('node:fs');
const ts = require('typescript');

require.extensions['.ts'] = (module, filename) => {
  const { outputText } = ts.transpileModule(readFileSync(filename, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true }
  });
  module._compile(outputText, filename);
};

const { createS3Server, ObjectStore } = require('../../../src/local-cluster/s3');

const store = new ObjectStore({ folder: process.argv[2], durability: process.argv[3] ?? 'process' });
const server = createS3Server({
  store,
  region: 'us-east-1',
  accounts: {
    lookup: key => (key === 'minio' ? { secretKey: 'minio-secret-123', principal: key, admin: true } : undefined)
  }
});
server.listen(Number(process.argv[4] ?? 0), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
