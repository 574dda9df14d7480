// Makes the accounts of a measured server, u0 to u(n-1), with one password whose keys are derived once for all: the
// salt is shared, so that neither side spends its time on PBKDF2.

/**
 * Fills the database of a server that is not running.
 * @param {{ configFile: string, domain: string, users: number, password: string }} wanted
 */
export async function provision({ configFile, domain, users, password }) {
  // Imported when called: measuring a server that is not ours needs no build.
  const { loadConfig } = await import('../dist/config/index.js');
  const { Hashing } = await import('../dist/auth/hashing.js');
  const { makeCredentials } = await import('../dist/auth/credentials.js');
  const { systemRandom } = await import('../dist/util/system-clock.js');
  const { openAccountsOffline } = await import('../dist/app/offline-accounts.js');

  const hashing = new Hashing({ concurrency: 1, maxQueued: 10 });
  const credentials = await makeCredentials(password, hashing, systemRandom);
  const accounts = await openAccountsOffline(loadConfig(configFile));
  try {
    const locals = Array.from({ length: users }, (_, i) => `u${i}`);
    await accounts.createMany(locals.map((local) => ({ local, domain, credentials })));
  } finally {
    await accounts.close();
  }
}
