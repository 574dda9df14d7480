// Modules that are npm packages, or files, named in the configuration: found from the configuration's own folder.
import { createRequire } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Module } from '../host/module.ts';
import { OperatorError } from '../util/errors.ts';

/**
 * @param name a package's name, or a path that begins with `.` or `/`
 * @param file the configuration, from whose folder names are resolved
 * @throws OperatorError `module-missing`, `module-broken`
 */
export async function importModule(name: string, file: string | undefined): Promise<Module> {
  const folder = file === undefined ? process.cwd() : dirname(resolve(file));
  let path: string;
  try {
    path =
      name.startsWith('.') || isAbsolute(name)
        ? resolve(folder, name)
        : createRequire(resolve(folder, 'x.js')).resolve(name);
  } catch (error) {
    throw new OperatorError(
      'module-missing',
      `Module ${name} is not built in, and no package of that name is installed.`,
      'Correct the name under "modules", or install the package beside the configuration.',
      { cause: error },
    );
  }
  const exported = (await load(name, path)) as { module?: Module };
  const { module } = exported;
  if (typeof module?.setup !== 'function' || typeof module.declaration.name !== 'string') {
    throw new OperatorError(
      'module-broken',
      `The package ${name} exports no "module" with a declaration and setup().`,
      'Ask its author, or leave it out with "false".',
    );
  }
  return { declaration: { ...module.declaration, name }, setup: (host) => module.setup(host) };
}

async function load(name: string, path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw new OperatorError(
      'module-broken',
      `Module ${name} could not be loaded: ${(error as Error).message}.`,
      `Look at ${path}.`,
      { cause: error },
    );
  }
}
