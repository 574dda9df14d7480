// What happens in a run besides its steps: what users do, and what breaks.
import { KINDS } from './witness.js';

const PRESENCES = [
  '<presence/>',
  '<presence/>',
  '<presence><show>away</show></presence>',
  '<presence><priority>-1</priority></presence>',
  "<presence type='unavailable'/>",
];

/** What kind of a run this is: some are quiet, some have one kind of fault, some have all. */
export function temper(chance) {
  const often = () => (chance.hit(0.5) ? 0 : chance.real());
  return {
    workers: chance.pick([1, 2, 2, 3]),
    devices: chance.pick([1, 2]),
    actions: 40 + chance.below(60),
    archive: !chance.hit(0.25),
    resumeTimeoutMs: chance.pick([5000, 30_000, 120_000]),
    longPauseMs: chance.pick([500, 4000, 40_000]),
    slotEmptyMs: chance.pick([0, 500, 8000]),
    storeDownMs: chance.pick([50, 500, 4000, 7000]),
    clockJumps: chance.hit(0.15),
    pace: {
      hop: chance.pick([0.3, 2, 10]),
      stall: chance.pick([0, 0.02, 0.1]),
      stallMs: chance.pick([20, 300]),
    },
    weights: {
      message: 30,
      burst: 5,
      connect: 14,
      acknowledge: 6,
      request: 6,
      presence: 5,
      archive: 3,
      lazy: 2,
      cut: 4 * often(),
      hang: 3 * often(),
      crash: 3 * often(),
      logOut: 2 * often(),
      killWorker: 3 * often(),
      burstAndKill: 3 * often(),
      rollWorker: 1.5 * often(),
      killAll: 0.5 * often(),
      crashStore: 3 * often(),
      cutLink: 3 * often(),
      jump: 0,
    },
  };
}

/** One action of the run. */
export function act(world) {
  const { chance, temper: mood, clients } = world;
  const weights = mood.clockJumps ? { ...mood.weights, jump: 4 } : mood.weights;
  const action = chance.weighted(weights);
  if (action in ON_WORLD) {
    ON_WORLD[action](world);
    return;
  }
  const fitting = clients.filter((client) =>
    action === 'connect' ? client.state === 'off' : client.online,
  );
  if (fitting.length === 0) return;
  ON_CLIENT[action](world, chance.pick(fitting));
}

const ON_WORLD = {
  killWorker: (world) => world.killWorker(world.chance.below(world.workers)),
  rollWorker: (world) => world.rollWorker(world.chance.below(world.workers)),
  killAll: (world) => {
    for (let slot = 0; slot < world.workers; slot++) world.killWorker(slot);
  },
  crashStore: (world) => world.crashStore(),
  cutLink: (world) => {
    if (world.workers === 1) return;
    const a = world.chance.below(world.workers);
    world.trace(() => `a link of slot ${a} breaks`);
    world.network.cut(a, (a + 1) % world.workers);
  },
  jump: (world) => {
    const jumpMs = world.chance.pick([-3_600_000, -1000, 1000, 3_600_000]);
    world.trace(() => `the clock jumps by ${jumpMs} ms`);
    world.scheduler.wallMs += jumpMs;
  },
};

const ON_CLIENT = {
  connect: (_world, client) => client.connect(),
  message: (world, client) => send(world, client),
  burst: (world, client) => {
    const to = destination(world);
    for (let left = 2 + world.chance.below(8); left > 0; left--) send(world, client, to);
    if (world.chance.hit(0.5)) client.request();
  },
  burstAndKill: (world, client) => {
    const { chance, scheduler } = world;
    const to = destination(world);
    for (let left = 1 + chance.below(4); left > 0; left--) send(world, client, to);
    client.request();
    const slot = chance.below(world.workers);
    scheduler.at(scheduler.nowMs + chance.real() * 3 * world.temper.pace.hop, () => {
      if (!world.isCalm) world.killWorker(slot);
    });
  },
  acknowledge: (_world, client) => client.acknowledge(),
  request: (_world, client) => client.request(),
  presence: (world, client) => client.presence(world.chance.pick(PRESENCES)),
  archive: (_world, client) => client.archive(undefined),
  lazy: (_world, client) => {
    client.isLazy = !client.isLazy;
  },
  cut: (world, client) => {
    client.cut(true);
    if (world.chance.hit(0.5)) client.connect();
  },
  hang: (world, client) => {
    client.cut(false);
    if (world.chance.hit(0.7)) client.connect();
  },
  crash: (_world, client) => client.crash(),
  logOut: (_world, client) => client.logOut(),
};

function send(world, client, to = destination(world)) {
  if (client.session === undefined) return;
  client.message(world.witness.message(client, world.chance.pick(Object.keys(KINDS)), to));
}

/** An account, one of its devices, or one that it does not have. */
function destination(world) {
  const { chance, clients } = world;
  const client = chance.pick(clients);
  if (chance.hit(0.6)) return `${client.user}@sim.example`;
  return chance.hit(0.9) ? client.jid : `${client.user}@sim.example/nobody`;
}
