/** A queue in a process of its own: `node host.cjs DATA SCRIPT`. Prints the names of its three jobs. */
import { createJobs } from '../../src/local-cluster/runtime';
import { place, service } from './support';

const [, , data, script] = process.argv;
const { options, services } = place({ data });
const killed = service('killed', script, { cpu: '2' });
services.set('killed', killed);
const jobs = createJobs(options);
const names = [0, 1, 2].map(index => jobs.submit(killed, '{}', { dedupe: `event-${index}` }).name);
process.stdout.write(JSON.stringify(names));
