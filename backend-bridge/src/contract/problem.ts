import { Type, type Static } from '@sinclair/typebox';

/**
 * What went wrong, as RFC 9457 has it, in the words of a person who can do something about it.
 *
 * `type` is a stable identifier below `urn:jupyterlab-oscar:problem:`; clients branch on it, never on `title`.
 */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Stable identifier, for instance `urn:jupyterlab-oscar:problem:not-found`.' }),
    title: Type.String({ description: 'A short sentence without a full stop.' }),
    status: Type.Integer({ description: 'HTTP status.' }),
    detail: Type.String({ description: 'What happened, in one or two sentences.' }),
    cause: Type.Optional(Type.String({ description: 'What the other side said, redacted.' })),
    action: Type.Optional(Type.String({ description: 'What the user can do now.' }))
  },
  { $id: 'Problem', additionalProperties: true }
);
export type Problem = Static<typeof Problem>;

export const PROBLEM_PREFIX = 'urn:jupyterlab-oscar:problem:';
