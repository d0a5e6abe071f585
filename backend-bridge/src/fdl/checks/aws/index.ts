import { asMap, asText, isMap, join } from '../../pointer';
import { AWS_FIELDS, LAMBDA_FIELDS } from '../../tables';
import type { FdlMap, ICheckContext, IFdlDocument } from '../../types';
import { dialectOf, type IDialect } from '../../version';
import { checkFields } from '../fields';
import type { Reporter } from '../reporter';
import { checkBatch } from './batch';
import { checkLambda } from './lambda';
import { checkLegacy } from './legacy';
import { checkGateway, checkLogs } from './services';
import { checkAwsStorage } from './storage';

/** One item of `functions.aws`. */
export interface IAwsEntry {
  pointer: string;
  item: FdlMap;
  lambda: FdlMap;
  /** Pointer of `lambda`. */
  at: string;
}

/** What the checks of AWS need besides the entry. */
export interface IAwsCheck {
  document: IFdlDocument;
  context: ICheckContext;
  reporter: Reporter;
  dialect: IDialect;
}

/** The functions of a file that can be read, in its order. */
export function awsEntries(document: IFdlDocument): IAwsEntry[] {
  return document.aws.flatMap((item, index) => {
    const pointer = join('/functions/aws', index);
    return isMap(item) ? [{ pointer, item, lambda: asMap(item.lambda), at: join(pointer, 'lambda') }] : [];
  });
}

/** Everything about the functions of AWS. */
export function checkAws(document: IFdlDocument, context: ICheckContext, reporter: Reporter): void {
  const check: IAwsCheck = { document, context, reporter, dialect: dialectOf(context.version) };
  document.aws.forEach((item, index) => {
    if (!isMap(item)) {
      reporter.add({
        code: 'wrong-type',
        at: join('/functions/aws', index),
        on: 'key',
        message: 'Each function is a mapping. Write "- lambda:" and its fields below it, indented.'
      });
    }
  });
  const names = new Set<string>();
  for (const entry of awsEntries(document)) {
    checkEntry(entry, check);
    const name = `${asText(entry.lambda.region)} ${asText(entry.lambda.name)}`;
    if (asText(entry.lambda.name) !== '' && names.has(name)) {
      reporter.error(
        'duplicate-name',
        join(entry.at, 'name'),
        `There is another function ${asText(entry.lambda.name)} in this file. Names are unique in a region.`
      );
    }
    names.add(name);
  }
}

function checkEntry(entry: IAwsEntry, check: IAwsCheck): void {
  const { item, lambda, pointer } = entry;
  if (checkLegacy(entry, check)) {
    return;
  }
  const { lambda: field, ...others } = AWS_FIELDS;
  // The function has a check of its own, so that its messages name it.
  checkFields(item, { lambda: { ...field, kind: 'any' }, ...others }, pointer, check, 'A function');
  if (!isMap(item.lambda)) {
    if (item.lambda !== undefined && item.lambda !== null) {
      check.reporter.error(
        'wrong-type',
        join(pointer, 'lambda'),
        'lambda has to be a mapping with name and container.'
      );
    }
    return;
  }
  checkFields(
    lambda,
    LAMBDA_FIELDS,
    entry.at,
    {
      ...check,
      skip: [
        'memory',
        'input',
        'output',
        ...(lambda.image === undefined ? [] : lambda.container === undefined ? ['image', 'container'] : ['image'])
      ]
    },
    'A function'
  );
  checkLambda(entry, check);
  checkAwsStorage(entry, check);
  checkBatch(entry, check);
  checkGateway(entry, check);
  checkLogs(entry, check);
}
