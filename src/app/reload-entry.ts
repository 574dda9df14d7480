// Process entry: reads the configuration again for a server that runs, and says what differs. Certificates are tried, and
// missing ones made, before the server changes anything.
import { checkConfig, compareSettings, readConfig } from '../config/index.ts';
import { openLog } from '../observability/index.ts';
import { Certificates, makeMissingCertificates } from './certificates.ts';
import { moduleSchemas } from './module-schemas.ts';
import type { ReloadAnswer, ReloadQuestion } from './reload-check.ts';
import type { CheckedReload } from './reload.ts';
import { asFailure } from './supervisor/conversation.ts';

async function answer({ running, dryRun }: ReloadQuestion): Promise<CheckedReload> {
  const document = readConfig(running.file);
  const schemas = await moduleSchemas();
  const wanted = checkConfig(document, schemas);
  const checked = compareSettings(running, wanted, schemas);
  const { settings } = checked;
  if (!dryRun) await makeMissingCertificates(settings, openLog(settings.log));
  const made = settings.hosts.filter((host) => host.given || !dryRun);
  // A host whose certificate is still to be made has none to try.
  if (made.length > 0) new Certificates({ hosts: made, tls: settings.tls });
  return checked;
}

process.once('message', (question) => {
  answer(question as ReloadQuestion)
    .catch((error: unknown): ReloadAnswer => ({ failure: asFailure(error) }))
    .then((given) => process.send?.(given, () => process.disconnect()))
    .catch(() => undefined);
});
