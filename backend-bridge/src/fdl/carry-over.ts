import { REQUIREMENTS_ANNOTATION, RUNTIME_ANNOTATION, type IOscarService } from './service';
import { LINKS_VARIABLE } from './types';

/**
 * What a PUT has to say again so that nothing is lost: the server takes what is missing as empty. Secrets stay out unless
 * the file holds them.
 */
export function carryOver(service: Partial<IOscarService>, deployed: IOscarService): Partial<IOscarService> {
  const annotations = { ...deployed.annotations };
  for (const ours of [REQUIREMENTS_ANNOTATION, RUNTIME_ANNOTATION]) {
    delete annotations[ours];
  }
  const secrets = Object.entries(service.environment?.secrets ?? {});
  const whole = secrets.length > 0 && secrets.every(([, value]) => value !== '');
  return {
    ...service,
    ...(service.cluster_id === undefined && deployed.cluster_id ? { cluster_id: deployed.cluster_id } : {}),
    input: service.input ?? [],
    output: service.output ?? [],
    labels: { ...deployed.labels, ...service.labels },
    annotations: { ...annotations, ...service.annotations },
    owner: deployed.owner,
    ...(deployed.namespace ? { namespace: deployed.namespace } : {}),
    ...(service.vo === undefined && deployed.vo ? { vo: deployed.vo } : {}),
    environment: {
      variables: service.environment?.variables ?? {},
      ...(whole ? { secrets: service.environment?.secrets } : {})
    } as IOscarService['environment']
  };
}

/** The links that a deployed service knows of, as an earlier apply wrote them. */
export function linksOf(service: IOscarService | undefined): { from: string; bucket: string; prefix: string }[] {
  const text = service?.environment?.variables?.[LINKS_VARIABLE];
  if (!text) {
    return [];
  }
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value)
      ? value.filter(
          (item): item is { from: string; bucket: string; prefix: string } =>
            typeof item === 'object' &&
            item !== null &&
            typeof item.bucket === 'string' &&
            typeof item.prefix === 'string' &&
            typeof item.from === 'string'
        )
      : [];
  } catch {
    // Somebody else's variable of that name.
    return [];
  }
}
