// Configuration: one YAML file, checked, as typed settings.
export { compareSettings, type Change, type Comparison } from './changes.ts';
export { ConfigError, type Diagnostic } from './diagnostics.ts';
export { renderExample, renderReference, renderSettings } from './documents.ts';
export {
  checkConfig,
  controlSocket,
  findConfig,
  loadConfig,
  readConfig,
  type ConfigDocument,
  type ModuleSchemas,
} from './load.ts';
export type { ServiceEnvironment } from './service-environment.ts';
export type { Environment } from './overrides.ts';
export {
  LOG_FORMATS,
  LOG_LEVELS,
  MECHANISMS,
  type HostSettings,
  type ListenerKind,
  type ListenSettings,
  type LogFormat,
  type LogLevel,
  type ModuleSettings,
  type Settings,
} from './settings.ts';
