// The modules that come with the server, by name: the explicit list.
import { archive } from '../archive/index.ts';
import type { Module } from '../host/module.ts';
import { offline } from '../offline/index.ts';
import { roster } from '../roster/index.ts';
import { adhoc } from './adhoc/index.ts';
import { devices } from './devices/index.ts';
import { disco } from './disco/index.ts';
import { ping } from './ping/index.ts';
import { serverAdmin } from './server-admin/index.ts';
import { sessionRequest } from './session-request/index.ts';
import { stanzaIds } from './stanza-ids/index.ts';
import { trace } from './trace/index.ts';

export const STANDARD_MODULES: readonly Module[] = [
  stanzaIds,
  archive,
  offline,
  roster,
  devices,
  disco,
  ping,
  sessionRequest,
  adhoc,
  serverAdmin,
  trace,
];
