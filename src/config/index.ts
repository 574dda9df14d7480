// Configuration: one YAML file, checked, as typed settings.
export { ConfigError, type Diagnostic } from './diagnostics.ts';
export { renderExample, renderReference, renderSettings } from './documents.ts';
export {
  checkConfig,
  findConfig,
  loadConfig,
  readConfig,
  type ConfigDocument,
  type ModuleSchemas,
} from './load.ts';
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
