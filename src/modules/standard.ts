// The modules that come with the server, by name: the explicit list.
import { archive } from '../archive/index.ts';
import type { Module } from '../host/module.ts';
import { offline } from '../offline/index.ts';
import { presence } from '../presence/index.ts';
import { roster } from '../roster/index.ts';
import { blocking } from './blocking/index.ts';
import { carbons } from './carbons/index.ts';
import { csi } from './csi/index.ts';
import { adhoc } from './adhoc/index.ts';
import { devices } from './devices/index.ts';
import { caps } from './caps/index.ts';
import { contactAddresses } from './contact-addresses/index.ts';
import { disco } from './disco/index.ts';
import { externalServices } from './external-services/index.ts';
import { lastActivity } from './last-activity/index.ts';
import { ping } from './ping/index.ts';
import { serverAdmin } from './server-admin/index.ts';
import { sessionRequest } from './session-request/index.ts';
import { stanzaIds } from './stanza-ids/index.ts';
import { trace } from './trace/index.ts';
import { privateStorage } from './private-storage/index.ts';
import { registration } from './registration/index.ts';
import { search } from './search/index.ts';
import { time } from './time/index.ts';
import { vcardTemp } from './vcard-temp/index.ts';
import { version } from './version/index.ts';

export const STANDARD_MODULES: readonly Module[] = [
  stanzaIds,
  archive,
  offline,
  roster,
  devices,
  presence,
  disco,
  ping,
  sessionRequest,
  blocking,
  carbons,
  csi,
  caps,
  privateStorage,
  vcardTemp,
  search,
  version,
  time,
  lastActivity,
  contactAddresses,
  externalServices,
  registration,
  adhoc,
  serverAdmin,
  trace,
];
