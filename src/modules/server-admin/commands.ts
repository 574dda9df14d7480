// XEP-0133 (1.3.1) §4: the commands in force as a table. What each does is a command of src/admin.
import type { Step } from '../../host/ad-hoc.ts';
import type { FormField, ReceivedForm } from '../../protocol/forms.ts';
import type { CommandResult, CommandName } from '../../admin/commands-table.ts';
import {
  ACCOUNT,
  ACCOUNTS,
  ANNOUNCEMENT,
  DELAY,
  limit,
  lines,
  many,
  MAX_ITEMS,
  one,
  PASSWORD,
} from './forms.ts';
import { done, eachOf, failed, lastLogIns, lists, rosters, statistics, told } from './results.ts';

/** What a command is given. */
export interface Asking {
  /** The domain that is asked, or that of the administrator. */
  readonly domain: string;
  /** Runs a command of the grammar. @throws OperatorError (rejects) */
  readonly run: <N extends CommandName>(
    command: N,
    args?: Readonly<Record<string, unknown>>,
  ) => Promise<CommandResult<N>>;
}

export interface ServerCommand {
  /** Behind `http://jabber.org/protocol/admin#`. */
  readonly node: string;
  readonly name: string;
  /** Absent: it needs none. */
  readonly fields?: readonly FormField[] | ((asking: Asking) => Promise<readonly FormField[]>);
  run(asking: Asking, form: ReceivedForm): Promise<Step>;
}

const MOTD: FormField = { var: 'motd', type: 'text-multi', label: 'The message of the day' };

const whole = (field: FormField): FormField => ({ ...field, required: true });

/** 4.11, 4.12: the list as it shall be. */
function peers(
  node: string,
  name: string,
  field: string,
  of: 'blocked' | 'allowed',
  verbs: readonly ['host block', 'host unblock'] | readonly ['host allow', 'host disallow'],
): ServerCommand {
  return {
    node,
    name,
    fields: async ({ run }) => [
      { var: field, type: 'jid-multi', label: name, values: (await run('host list'))[of] },
    ],
    async run({ run }, form) {
      const [add, remove] = verbs;
      const known = new Set((await run('host list'))[of]);
      const wanted = new Set(many(form, field));
      for (const address of wanted) if (!known.has(address)) await run(add, { address });
      for (const address of known) if (!wanted.has(address)) await run(remove, { address });
      return done();
    },
  };
}

/** 4.13 – 4.17 */
function count(node: string, label: string, field: string, of: CountOf): ServerCommand {
  return {
    node,
    name: label,
    run: async (asking) => told({ var: field, label, values: [String(await of(asking))] }),
  };
}

type CountOf = (asking: Asking) => Promise<number>;

const tally =
  (of: 'online' | 'active' | 'idle'): CountOf =>
  async ({ domain, run }) =>
    (await run('session tally', { domain }))[of];

const accounts =
  (of: 'registered' | 'disabled'): CountOf =>
  async ({ domain, run }) =>
    (await run('user count', { domain }))[of];

function warning(form: ReceivedForm): Record<string, unknown> {
  const announcement = lines(form, 'announcement');
  const delaySeconds = Number(one(form, 'delay'));
  return {
    // At least time enough for the answer to leave.
    delaySeconds: Number.isSafeInteger(delaySeconds) ? Math.max(delaySeconds, 1) : 1,
    ...(announcement === '' ? {} : { announcement }),
  };
}

export const SERVER_COMMANDS: readonly ServerCommand[] = [
  {
    // 4.1
    node: 'add-user',
    name: 'Add a user',
    fields: [
      ACCOUNT,
      PASSWORD,
      { ...PASSWORD, var: 'password-verify', label: 'The password again' },
      { var: 'email', type: 'text-single', label: 'E-mail address (not kept)' },
      { var: 'given_name', type: 'text-single', label: 'Given name (not kept)' },
      { var: 'surname', type: 'text-single', label: 'Family name (not kept)' },
    ],
    async run({ run }, form) {
      // As entered: white space may be part of a password.
      const password = form.values.get('password')?.[0] ?? '';
      if (password !== form.values.get('password-verify')?.[0])
        return failed('The two passwords differ.');
      await run('user add', { address: one(form, 'accountjid'), password });
      return done();
    },
  },
  {
    // 4.2
    node: 'delete-user',
    name: 'Delete users',
    fields: [ACCOUNTS],
    run: ({ run }, form) =>
      eachOf(form, (address) => run('user del', { address: withoutResource(address) })),
  },
  {
    // 4.3
    node: 'disable-user',
    name: 'Disable users',
    fields: [ACCOUNTS],
    run: ({ run }, form) =>
      eachOf(form, (address) => run('user disable', { address: withoutResource(address) })),
  },
  {
    // 4.4
    node: 'reenable-user',
    name: 'Re-enable users',
    fields: [ACCOUNTS],
    run: ({ run }, form) =>
      eachOf(form, (address) => run('user enable', { address: withoutResource(address) })),
  },
  {
    // 4.5: of a bare JID all sessions, of a full one that session.
    node: 'end-user-session',
    name: 'End sessions of users',
    fields: [ACCOUNTS],
    run: ({ run }, form) => eachOf(form, (address) => run('session kick', { address })),
  },
  {
    // 4.7
    node: 'change-user-password',
    name: "Change a user's password",
    fields: [ACCOUNT, PASSWORD],
    async run({ run }, form) {
      const password = form.values.get('password')?.[0] ?? '';
      await run('user passwd', { address: one(form, 'accountjid'), password });
      return done();
    },
  },
  {
    // 4.8
    node: 'get-user-roster',
    name: 'Get the rosters of users',
    fields: [ACCOUNTS],
    run: ({ run }, form) =>
      rosters(form, (address) => run('roster show', { address: withoutResource(address) })),
  },
  {
    // 4.9
    node: 'get-user-lastlogin',
    name: 'Get the last log-in of users',
    fields: [ACCOUNTS],
    run: ({ run }, form) =>
      lastLogIns(form, (address) => run('user info', { address: withoutResource(address) })),
  },
  {
    // 4.10. COMPAT(Smack's integration tests): they fill in `accountjids`, which §4.10 does not have.
    node: 'user-stats',
    name: 'Get statistics of a user',
    fields: [
      { ...ACCOUNT, required: false },
      { ...ACCOUNTS, required: false, label: 'Or here' },
    ],
    async run({ run }, form) {
      const given = [...many(form, 'accountjid'), ...many(form, 'accountjids')];
      const [first] = given;
      if (first === undefined || given.length > 1) return failed('Expected one address.');
      const address = withoutResource(first);
      const [info, roster, waiting] = await Promise.all([
        run('user info', { address }),
        run('roster show', { address }),
        run('offline count', { address }),
      ]);
      return statistics(info, roster.items.length, waiting);
    },
  },
  peers('edit-blacklist', 'Servers and addresses that are blocked', 'blacklistjids', 'blocked', [
    'host block',
    'host unblock',
  ]),
  peers('edit-whitelist', 'Servers and addresses that are allowed', 'whitelistjids', 'allowed', [
    'host allow',
    'host disallow',
  ]),
  count(
    'get-registered-users-num',
    'Number of registered users',
    'registeredusersnum',
    accounts('registered'),
  ),
  count(
    'get-disabled-users-num',
    'Number of disabled users',
    'disabledusersnum',
    accounts('disabled'),
  ),
  count('get-online-users-num', 'Number of users on line', 'onlineusersnum', tally('online')),
  count('get-active-users-num', 'Number of active users', 'activeusersnum', tally('active')),
  count('get-idle-users-num', 'Number of idle users', 'idleusersnum', tally('idle')),
  {
    // 4.18
    node: 'get-registered-users-list',
    name: 'List of registered users',
    fields: [MAX_ITEMS],
    run: ({ domain, run }, form) =>
      lists('registereduserjids', limit(form), (after) => run('user list', { domain, ...after })),
  },
  {
    // 4.19
    node: 'get-disabled-users-list',
    name: 'List of disabled users',
    fields: [MAX_ITEMS],
    run: ({ domain, run }, form) =>
      lists('disableduserjids', limit(form), (after) =>
        run('user list', { domain, state: 'disabled', ...after }),
      ),
  },
  {
    // 4.20
    node: 'get-online-users-list',
    name: 'List of users on line',
    fields: [MAX_ITEMS],
    run: async ({ domain, run }, form) => {
      const { users } = await run('session users', { domain });
      return told({
        var: 'onlineuserjids',
        type: 'jid-multi',
        values: users.slice(0, limit(form)),
      });
    },
  },
  {
    // 4.21; its node has no "-list".
    node: 'get-active-users',
    name: 'List of active users',
    fields: [MAX_ITEMS],
    run: async ({ domain, run }, form) => {
      const { users } = await run('session users', { domain, activity: 'active' });
      return told({
        var: 'activeuserjids',
        type: 'jid-multi',
        values: users.slice(0, limit(form)),
      });
    },
  },
  {
    // 4.22: the registered field is that of 4.21 (the example shows no other).
    node: 'get-idle-users',
    name: 'List of idle users',
    fields: [MAX_ITEMS],
    run: async ({ domain, run }, form) => {
      const { users } = await run('session users', { domain, activity: 'idle' });
      return told({
        var: 'activeuserjids',
        type: 'jid-multi',
        values: users.slice(0, limit(form)),
      });
    },
  },
  {
    // 4.23
    node: 'announce',
    name: 'Announce to users on line',
    fields: [whole(ANNOUNCEMENT)],
    async run({ domain, run }, form) {
      await run('announce', { domain, text: lines(form, 'announcement') });
      return done();
    },
  },
  {
    // 4.24
    node: 'set-motd',
    name: 'Set the message of the day',
    fields: [whole(MOTD)],
    async run({ domain, run }, form) {
      await run('motd set', { domain, text: lines(form, 'motd') });
      return done();
    },
  },
  {
    // 4.25: who has had it does not get the corrected one.
    node: 'edit-motd',
    name: 'Edit the message of the day',
    fields: async ({ domain, run }) => {
      const { text } = await run('motd show', { domain });
      return [{ ...whole(MOTD), values: text === undefined ? [] : [text] }];
    },
    async run({ domain, run }, form) {
      await run('motd set', { domain, text: lines(form, 'motd'), quiet: true });
      return done();
    },
  },
  {
    // 4.26
    node: 'delete-motd',
    name: 'Delete the message of the day',
    async run({ domain, run }) {
      await run('motd delete', { domain });
      return done();
    },
  },
  {
    // 4.27
    node: 'set-welcome',
    name: 'Set the welcome message',
    fields: async ({ domain, run }) => {
      const { text } = await run('welcome show', { domain });
      const values = text === undefined ? [] : [text];
      return [
        { var: 'welcome', type: 'text-multi', label: 'What new users get', required: true, values },
      ];
    },
    async run({ domain, run }, form) {
      await run('welcome set', { domain, text: lines(form, 'welcome') });
      return done();
    },
  },
  {
    // 4.28
    node: 'delete-welcome',
    name: 'Delete the welcome message',
    async run({ domain, run }) {
      await run('welcome delete', { domain });
      return done();
    },
  },
  {
    // 4.29
    node: 'edit-admin',
    name: 'Edit the list of administrators',
    fields: async ({ run }) => {
      const { admins } = await run('admin list');
      const values = admins.map(({ address }) => address);
      return [{ var: 'adminjids', type: 'jid-multi', label: 'Administrators', values }];
    },
    async run({ run }, form) {
      const { admins } = await run('admin list');
      const known = new Set<string>(admins.map(({ address }) => address));
      const wanted = new Set(many(form, 'adminjids').map(withoutResource));
      for (const address of wanted) if (!known.has(address)) await run('admin add', { address });
      for (const address of known) if (!wanted.has(address)) await run('admin remove', { address });
      return done();
    },
  },
  {
    // 4.30
    node: 'restart',
    name: 'Restart the service',
    fields: [DELAY, ANNOUNCEMENT],
    async run({ run }, form) {
      await run('restart', warning(form));
      return done();
    },
  },
  {
    // 4.31
    node: 'shutdown',
    name: 'Shut down the service',
    fields: [DELAY, ANNOUNCEMENT],
    async run({ run }, form) {
      await run('stop', warning(form));
      return done();
    },
  },
];

/** Where §4 wants `user@host`, a resource is no fault. */
function withoutResource(address: string): string {
  const slash = address.indexOf('/');
  return slash === -1 ? address : address.slice(0, slash);
}
