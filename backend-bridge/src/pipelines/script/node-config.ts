import type { NodeKind } from '../model';

/** What the runner knows of its node: `node.json` in the script. */
export interface INodeConfig {
  /** Version of this form. */
  version: 1;
  pipeline: string;
  /** Id of the node in the pipeline. */
  node: string;
  label: string;
  service: string;
  kind: NodeKind;
  /** Place in the order of the pipeline: of two nodes that wrote one file, the one with the higher rank counts. */
  rank: number;
  /** Name of the notebook or script in the working folder. */
  file?: string;
  /** Shell text of a command. */
  command?: string;
  /** In the order of the pipeline. `path`: where the FDL says that its archives lie. */
  parents: { service: string; path: string }[];
  /** Something comes after it: it hands an archive on. */
  next: boolean;
  /** `<bucket>/out` */
  artifacts: string;
  /** Provider of its own places: `minio.default` or `s3`. */
  provider: string;
  /** Files, folders or patterns. */
  outputs: string[];
  parameters: { name: string; value?: unknown; required?: boolean }[];
  /** Variables of the node itself: parameters of the same name do not replace them. */
  own: string[];
  /** Where the code lies when it is too large for the script. */
  code?: { bucket: string; key: string; sha256: string };
  /** Kinds `service` and `function`: what is called with which files, and the folder that results go to. */
  call?: {
    name: string;
    inputs: string[];
    folder: string;
    /** Sent once instead of files. */
    text?: string;
    /** Where an exposed service is called. */
    path?: string;
    region?: string;
    input?: string;
    output?: string;
  };
}
