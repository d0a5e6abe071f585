/** A page of a list, and where the next one begins; AWS says that there is none with nothing or with an empty text. */
export interface IPage<T> {
  items?: T[];
  next?: string;
}

/** A list to its end. */
export async function allPages<T>(ask: (token: string | undefined) => Promise<IPage<T>>): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await ask(token);
    all.push(...(items ?? []));
    token = next || undefined;
  } while (token !== undefined);
  return all;
}
