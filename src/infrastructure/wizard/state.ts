import type { FormField, ImTemplate, InfrastructureRequest, TemplateRef } from '../../contract';
import type { FormValues } from '../form';
import { inputsOf } from '../form';

/** Steps of the way to a new cluster. */
export type WizardStep = 'template' | 'cloud' | 'size' | 'services' | 'plan';

export const STEPS: readonly WizardStep[] = ['template', 'cloud', 'size', 'services', 'plan'];

/** What was chosen so far. */
export interface IDraft {
  /** Of the catalogue or of this package; with `file`, that file. */
  template: ImTemplate | undefined;
  /** Path in the file browser. */
  file: string | undefined;
  addons: readonly string[];
  /** Of the template with its add-ons; undefined until it is read. */
  fields: readonly FormField[] | undefined;
  values: FormValues;
  name: string;
  credential: string | undefined;
  image: string;
  register: boolean;
  /** Where its OSCAR answers; empty: as the template says. */
  endpoint: string;
  deploy: readonly string[];
  /** Sent with the creation, so that a click that comes twice makes one cluster. */
  key: string;
}

export function newDraft(key: string): IDraft {
  return {
    template: undefined,
    file: undefined,
    addons: [],
    fields: undefined,
    values: {},
    name: 'oscar',
    credential: undefined,
    image: '',
    register: true,
    endpoint: '',
    deploy: [],
    key
  };
}

export function sourceOf(draft: IDraft): TemplateRef | undefined {
  if (draft.file !== undefined) {
    return { file: { contents: draft.file } };
  }
  return draft.template ? { template: draft.template.id } : undefined;
}

/** True when it will be an OSCAR cluster. Of a file that is not known before it is read. */
export function isOscar(draft: IDraft): boolean {
  return draft.template?.oscar ?? false;
}

/** The call that the draft asks for; undefined while something is missing. */
export function requestOf(draft: IDraft): InfrastructureRequest | undefined {
  const source = sourceOf(draft);
  if (!source || draft.credential === undefined || !draft.fields) {
    return undefined;
  }
  const oscar = isOscar(draft);
  const inputs = inputsOf(draft.fields, draft.values);
  return {
    name: draft.name.trim() || undefined,
    source,
    ...(draft.addons.length > 0 ? { addons: [...draft.addons] } : {}),
    ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
    credential: draft.credential,
    ...(draft.image.trim() ? { image: draft.image.trim() } : {}),
    register: oscar && draft.register,
    ...(oscar && draft.register && draft.endpoint.trim() ? { endpoint: draft.endpoint.trim() } : {}),
    ...(oscar && draft.register && draft.deploy.length > 0 ? { deploy: [...draft.deploy] } : {}),
    idempotencyKey: draft.key
  };
}

/** Templates in the order in which they are offered: ours, those that make OSCAR, the rest. */
export function ordered(items: readonly ImTemplate[]): ImTemplate[] {
  const rank = (item: ImTemplate): number => (item.source === 'package' ? 0 : item.oscar ? 1 : 2);
  return [...items].sort(
    (a, b) => rank(a) - rank(b) || Number(b.oscar) - Number(a.oscar) || a.title.localeCompare(b.title)
  );
}
