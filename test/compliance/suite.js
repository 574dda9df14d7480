// Smack's integration tests as a process: finding Java, getting the classes, running what is wanted.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { merge, parse } from './results.js';

const RUNNER = fileURLToPath(new URL('SuiteRunner.java', import.meta.url));
/** The newest of Maven Central whose own dependencies are all there. */
const SMACK = 'org.igniterealtime.smack:smack-integration-test:4.5.0-beta5';
const RUN_MS = 30 * 60_000;
/** A test that throws what the framework does not expect ends it: the rest runs in a framework of its own. */
const MOST_ABORTS = 8;
/** Below everything else that the machine does. */
const NICENESS = 10;
const REPLY_TIMEOUT_MS = 5000;

const PACKAGES = { java: 'default-jdk-headless', javac: 'default-jdk-headless', mvn: 'maven' };

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (done.error) throw done.error;
  if (done.status !== 0)
    throw new Error(`${command} ${args[0]}: ${`${done.stdout}${done.stderr}`.slice(-3000)}`);
  return done.stdout;
}

/**
 * Programs that are not here, with the packages that bring them.
 * @param {boolean} withMaven
 * @returns {readonly string[]} lines for a person; none if all is there
 */
export function missing(withMaven) {
  return Object.entries(PACKAGES)
    .filter(([program]) => withMaven || program !== 'mvn')
    .filter(([program]) => spawnSync(program, ['-version'], { stdio: 'ignore' }).error)
    .map(([program, name]) => `${program} is missing: apt-get install ${name}`);
}

/** The class path of Smack's own tests, with Maven, which keeps what it brought. */
function fromCentral(directory) {
  const [group, artifact, version] = SMACK.split(':');
  writeFileSync(
    join(directory, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>xmppd</groupId><artifactId>compliance</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>
    </dependency>
  </dependencies>
</project>
`,
  );
  const file = join(directory, 'classpath');
  run('mvn', ['-B', '-q', 'dependency:build-classpath', `-Dmdep.outputFile=${file}`], {
    cwd: directory,
  });
  return readFileSync(file, 'utf8').trim();
}

/**
 * @param {{ jar: string | undefined, directory: string, certificate: string, trace: string | undefined,
 *   properties: Readonly<Record<string, string | number>> }} options `properties` of the framework, without prefix
 * @returns {Promise<readonly import('./results.js').Outcome[]>}
 */
export async function runSuite({ jar, directory, certificate, trace, properties }) {
  const classes = join(directory, 'classes');
  mkdirSync(classes, { recursive: true });
  const library = jar ?? fromCentral(directory);
  run('javac', ['-d', classes, '-cp', library, RUNNER]);
  const trust = join(directory, 'trust.p12');
  if (!existsSync(trust))
    run('keytool', [
      ...['-importcert', '-noprompt', '-alias', 'server', '-file', certificate],
      ...['-keystore', trust, '-storetype', 'PKCS12', '-storepass', 'changeit'],
    ]);

  const given = {
    securityMode: 'required',
    replyTimeout: REPLY_TIMEOUT_MS,
    enabledConnections: 'tcp',
    dnsResolver: 'javax',
    executionOrder: 'alphabetic',
    ...(trace === undefined ? {} : { debugger: `standard,dir=${trace},console=off` }),
    ...properties,
  };
  let outcomes = [];
  for (let part = 1; ; part++) {
    const done = [...new Set(outcomes.map((outcome) => outcome.class))];
    const disabled = [...done, ...(given.disabledTests ? [given.disabledTests] : [])].join(',');
    const results = join(directory, `results-${part}.jsonl`);
    await java(
      [
        '-Xmx512m',
        '-XX:+UseSerialGC',
        `-Djavax.net.ssl.trustStore=${trust}`,
        '-Djavax.net.ssl.trustStorePassword=changeit',
        ...Object.entries({
          ...given,
          ...(disabled === '' ? {} : { disabledTests: disabled }),
        }).map(([name, value]) => `-Dsinttest.${name}=${value}`),
        ...['-cp', `${classes}${delimiter}${library}`, 'SuiteRunner', results],
      ],
      join(directory, `suite-${part}.log`),
    );
    const { tests, aborted } = parse(readFileSync(results, 'utf8'));
    outcomes = merge(outcomes, tests, aborted);
    if (aborted === undefined || part > MOST_ABORTS) return outcomes;
    if (aborted.test === '') throw new Error(`the suite did not begin: ${aborted.why}`);
    console.log(`${aborted.test} ended the suite (${aborted.why}); running the rest`);
  }
}

/** Ends when the suite does; fails if it leaves no results. */
async function java(args, log) {
  const file = openSync(log, 'w');
  const child = spawn('java', args, { stdio: ['ignore', file, file] });
  closeSync(file);
  if (child.pid !== undefined) setPriority(child.pid, NICENESS);
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the suite ended with ${code}; see ${log}`);
}
