/** What a field of a service may hold; checks and the writer go by it. */
export interface IField {
  kind:
    | 'string'
    | 'boolean'
    | 'integer'
    /** A quantity of Kubernetes: a text. */
    | 'quantity'
    | 'strings'
    | 'integers'
    /** Names to texts. */
    | 'string-map'
    | 'object'
    | 'objects'
    /** Carried as it is. */
    | 'any';
  description: string;
  /** What a number or a quantity counts. */
  unit?: string;
  /** Bounds of a number, both allowed. */
  min?: number;
  max?: number;
  /** What the text names: an editor offers those. */
  names?: 'provider' | 'path' | 'bucket' | 'image' | 'script' | 'service' | 'cluster';
  /** Allowed texts, as they are to be written. */
  values?: readonly string[];
  /** Fields of an object, or of each object of a list. */
  fields?: Readonly<Record<string, IField>>;
  required?: boolean;
  default?: string;
  /** First version of the server that knows it. */
  since?: string;
  /** First version that does not know it any more. */
  until?: string;
  /** The server sets it; in a file it has no effect. */
  readOnly?: boolean;
}

export type Fields = Readonly<Record<string, IField>>;
