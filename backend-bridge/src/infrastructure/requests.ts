import { randomBytes } from 'node:crypto';
import type { InfrastructurePlan, InfrastructureRequest, SiteFit, TemplateRef } from '../contract';
import type { Tokens } from '../credentials';
import { slug } from './after';
import type { Clouds } from './clouds';
import type { ImConnection } from './connection';
import { fitSites, type EgiSites } from './egi';
import type { TemplateFile } from './interfaces';
import { askCloud, planOf, prepareRequest, type IPreparedRequest } from './plan';
import { invalid } from './problems';
import { describeTemplate, type Catalogue } from './templates/catalogue';
import { withAddons } from './templates/fill';
import { fieldsOf, formOf } from './templates/form';
import { makesOscar, parseTemplate, type IParsedTemplate } from './templates/parse';

export interface IRequestsOptions {
  catalogue: Catalogue;
  clouds: Clouds;
  connection: ImConnection;
  egi: EgiSites;
  tokens: Tokens;
  /** Names of the examples that there are; absent: not checked. */
  examples?: () => Promise<string[]>;
}

/** What happens before anything is made: forms, plans, and requests that are ready to be sent. */
export class Requests {
  constructor(private readonly _options: IRequestsOptions) {}

  async form(source: TemplateRef, addons: string[], file: TemplateFile): Promise<ReturnType<typeof describeTemplate>> {
    const { template, name, from } = await this._template(source, addons, file);
    return describeTemplate(template, name, from, true);
  }

  /** Sites of EGI that take the request, those that fit first. @throws BridgeError for credentials of other clouds */
  async sites(request: InfrastructureRequest, file: TemplateFile): Promise<SiteFit[]> {
    const credential = this._options.clouds.get(request.credential);
    const { vo } = credential.shown;
    if (credential.type !== 'EGI' || vo === undefined) {
      throw invalid('Sites are chosen for credentials of EGI only.', 'Plan it as it is.');
    }
    const sites = await this._options.egi.sites(vo);
    return fitSites(sites, request.image, async (site, image) => {
      const { problems, fits, quotas } = await this.plan({ ...request, site, image }, file);
      const tight = quotas?.filter(bar => !bar.fits).map(bar => bar.resource);
      return problems[0] ?? (fits === false ? `Not enough ${tight?.join(', ') ?? 'quota'}.` : undefined);
    });
  }

  async plan(request: InfrastructureRequest, file: TemplateFile): Promise<InfrastructurePlan> {
    const { name, prepared } = await this.prepare(request, file);
    const asked =
      prepared.problems.length > 0 ? { problems: [], warnings: [] } : await askCloud(prepared, request, this._options);
    return planOf(name, prepared, asked);
  }

  private async _template(
    source: TemplateRef,
    addons: string[],
    file: TemplateFile
  ): Promise<{ template: IParsedTemplate; name: string; from: 'package' | 'catalogue' | 'file' }> {
    const found = file
      ? { ...file, source: 'file' as const }
      : 'template' in source
        ? await this._options.catalogue.get(source.template)
        : undefined;
    if (!found) {
      throw invalid('The file of the template was not read.');
    }
    const parts = await Promise.all(addons.map(async id => parseTemplate(await this._options.catalogue.get(id))));
    return { template: withAddons(parseTemplate(found), parts), name: found.name, from: found.source };
  }

  /** Template, inputs and image put together, and what is wrong with them. */
  async prepare(
    request: InfrastructureRequest,
    file: TemplateFile
  ): Promise<{ name: string; prepared: IPreparedRequest; template: IParsedTemplate; templateName: string }> {
    const { template, name: templateName } = await this._template(request.source, request.addons ?? [], file);
    const credential = this._options.clouds.get(request.credential);
    const name =
      request.name?.trim() || `${slug(templateName.replace(/\.\w+$/, ''))}-${randomBytes(2).toString('hex')}`;
    const prepared = prepareRequest(template, request, name, credential, await this._defaults(template, name));
    if (request.deploy?.length) {
      const examples = await this._options.examples?.();
      const unknown = examples && request.deploy.find(example => !examples.includes(example));
      if (unknown !== undefined) {
        prepared.problems.push(
          `There is no example "${unknown.slice(0, 60)}": use ${examples?.join(', ') ?? 'another'}.`
        );
      }
      if (!(request.register ?? makesOscar(template.tree))) {
        prepared.problems.push('Services can be deployed only when the cluster is added to the list (register).');
      }
    }
    return { name, prepared, template, templateName };
  }

  /** Inputs that are filled in rather than asked for: the name of the cluster, who the owner is. */
  private async _defaults(template: IParsedTemplate, name: string): Promise<Record<string, unknown>> {
    const info = await this._options.tokens.info();
    const result: Record<string, unknown> = {};
    for (const field of fieldsOf(formOf(template.tree).tabs)) {
      if (field.generated && field.hidden && field.type === 'text') {
        result[field.name] = slug(name);
      } else if (field.name === 'user_id' && field.hidden && info.subject !== undefined) {
        result[field.name] = info.subject;
      }
    }
    return result;
  }
}
