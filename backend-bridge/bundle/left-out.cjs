/** Stands for packages that Fastify loads only for what the bridge does in its own way: validation, serialization, logs, test calls. */
throw new Error('This package is not part of the bundle.');
