import { loadConfig, type Settings } from '../config/index.ts';
import { OperatorError } from '../util/errors.ts';
import { silentLog } from '../util/log.ts';
import { Reloader, type CheckedReload } from './reload.ts';

const DEFAULTS = loadConfig(undefined);
const BUSIER: Settings = { ...DEFAULTS, admins: [] };
const CHECKED: CheckedReload = {
  settings: BUSIER,
  changes: [{ option: 'x', from: '1', to: '2', live: true }],
};

function reloaderWith(over: { check?: () => Promise<CheckedReload>; apply?: () => Promise<void> }) {
  const calls: string[] = [];
  const reloader = new Reloader(DEFAULTS, {
    check: async (_running, dryRun) => {
      calls.push(`check ${String(dryRun)}`);
      return await (over.check?.() ?? Promise.resolve(CHECKED));
    },
    apply: async () => {
      calls.push('apply');
      await over.apply?.();
    },
    renewCertificates: async () => {
      calls.push('renew');
      await over.apply?.();
    },
    onBegin: () => calls.push('begin'),
    onEnd: () => calls.push('end'),
    log: silentLog,
  });
  return { reloader, calls };
}

const refuse = () => Promise.reject(new OperatorError('config-invalid', 'x:1:1: no', 'mend it'));

test('what is applied is what new workers are given', async () => {
  const { reloader, calls } = reloaderWith({});
  expect(await reloader.reload()).toEqual({ file: null, changes: CHECKED.changes });
  expect(reloader.current).toBe(BUSIER);
  expect(calls).toEqual(['begin', 'check false', 'apply', 'end']);
});

test('a dry run applies nothing', async () => {
  const { reloader, calls } = reloaderWith({});
  expect((await reloader.diff()).changes).toHaveLength(1);
  expect(reloader.current).toBe(DEFAULTS);
  expect(calls).toEqual(['check true']);
});

test.each([
  ['a file that cannot be used', { check: refuse }],
  ['a worker that does not take it', { apply: refuse }],
])('%s leaves what runs, and the next reload works', async (_what, over) => {
  const { reloader, calls } = reloaderWith(over);
  await expect(reloader.reload()).rejects.toMatchObject({ code: 'config-invalid' });
  expect(reloader.current).toBe(DEFAULTS);
  expect(calls.at(-1)).toBe('end');
  expect([reloader.reloads, reloader.failures]).toEqual([0, 1]);
});

test('one after the other, also after a failure', async () => {
  let first = true;
  const { reloader, calls } = reloaderWith({
    check: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (first) {
        first = false;
        throw new OperatorError('config-invalid', 'no', '');
      }
      return CHECKED;
    },
  });
  const both = await Promise.allSettled([reloader.reload(), reloader.reload()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(calls).toEqual(['begin', 'check false', 'end', 'begin', 'check false', 'apply', 'end']);
});

test('certificates that cannot be used harm nobody', async () => {
  const { reloader, calls } = reloaderWith({ apply: refuse });
  await reloader.certificatesChanged();
  expect(calls).toEqual(['renew']);
});

test('a log level holds until the next reload', async () => {
  const { reloader } = reloaderWith({});
  await reloader.setLogLevel('debug');
  expect(reloader.current.log.level).toBe('debug');
});
