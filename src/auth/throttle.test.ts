import { ManualTime, settled } from './testing/manual-time.ts';
import { DEFAULT_THROTTLE, LoginThrottle, networkOf, type ThrottleOptions } from './throttle.ts';

const HOME = '192.0.2.1';
const AWAY = '198.51.100.7';
const ALICE = 'alice@localhost';

function make(options: Partial<ThrottleOptions> = {}): {
  time: ManualTime;
  throttle: LoginThrottle;
} {
  const time = new ManualTime();
  return { time, throttle: new LoginThrottle(time, time, { ...DEFAULT_THROTTLE, ...options }) };
}

describe('the wait after failures', () => {
  test('nobody waits before the first failure', () => {
    expect(make().throttle.delayMs(HOME, ALICE)).toBe(0);
  });

  test('the wait of an address doubles with each failure up to its cap', async () => {
    const { time, throttle } = make();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      throttle.failed(HOME, undefined);
      waits.push(throttle.delayMs(HOME, undefined));
      await time.pass(throttle.delayMs(HOME, undefined));
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
  });

  test('the wait gets shorter while time passes and is then over', async () => {
    const { time, throttle } = make();
    throttle.failed(HOME, ALICE);
    await time.pass(400);
    expect(throttle.delayMs(HOME, ALICE)).toBe(600);
    await time.pass(600);
    expect(throttle.delayMs(HOME, ALICE)).toBe(0);
  });

  test('failures are forgiven one by one in quiet time', async () => {
    const { time, throttle } = make();
    for (let i = 0; i < 5; i++) throttle.failed(HOME, undefined);
    await time.pass(16_000 + 3 * 60_000);
    throttle.failed(HOME, undefined);
    expect(throttle.delayMs(HOME, undefined)).toBe(4000);
    await time.pass(4000 + 60 * 60_000);
    throttle.failed(HOME, undefined);
    expect(throttle.delayMs(HOME, undefined)).toBe(1000);
  });

  test('a cap of 0 switches it off', () => {
    const { throttle } = make({ maxDelayMs: 0 });
    throttle.failed(HOME, ALICE);
    expect(throttle.delayMs(HOME, ALICE)).toBe(0);
  });
});

describe('who waits', () => {
  test('an account that is guessed at keeps strangers waiting, for 4 s at most', () => {
    const { throttle } = make();
    for (let i = 0; i < 10; i++) throttle.failed(`203.0.113.${i}`, ALICE);
    expect(throttle.delayMs(AWAY, ALICE)).toBe(4000);
    expect(throttle.delayMs(AWAY, 'bob@localhost')).toBe(0);
  });

  test('its owner does not wait where the account logged in lately', () => {
    const { throttle } = make();
    throttle.succeeded(HOME, ALICE);
    for (let i = 0; i < 10; i++) throttle.failed(`203.0.113.${i}`, ALICE);
    expect(throttle.delayMs(HOME, ALICE)).toBe(0);
  });

  test('a success does not wash off the failures of its address', () => {
    const { throttle } = make();
    throttle.failed(HOME, ALICE);
    throttle.succeeded(HOME, 'mallory@localhost');
    expect(throttle.delayMs(HOME, 'mallory@localhost')).toBe(1000);
  });

  test('all of an IPv6 /64 is one address', () => {
    const { throttle } = make();
    throttle.failed('2001:db8:1:2::1', undefined);
    expect(throttle.delayMs('2001:db8:1:2:ffff::9', undefined)).toBe(1000);
    expect(throttle.delayMs('2001:db8:1:3::1', undefined)).toBe(0);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['2001:DB8:0001:0002:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::192.0.2.1', '2001:db8:0:0::/64'],
    ['', ''],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('bounds', () => {
  test('the address whose last failure is the oldest is forgotten first', () => {
    const { throttle } = make({ maxTracked: 2 });
    throttle.failed('192.0.2.1', undefined);
    throttle.failed('192.0.2.2', undefined);
    throttle.failed('192.0.2.1', undefined);
    throttle.failed('192.0.2.3', undefined);
    expect(throttle.delayMs('192.0.2.1', undefined)).toBe(2000);
    expect(throttle.delayMs('192.0.2.2', undefined)).toBe(0);
  });

  test('only so many attempts of one address wait, and a place is free again after a wait', async () => {
    const { time, throttle } = make({ maxWaitingPerAddress: 2 });
    const first = throttle.wait(HOME, 100);
    expect(throttle.wait(HOME, 500)).toBeDefined();
    expect(throttle.wait(HOME, 100)).toBeUndefined();
    expect(throttle.wait(AWAY, 100)).toBeDefined();
    await time.pass(100);
    await expect(first?.over).resolves.toBe(true);
    expect(throttle.wait(HOME, 100)).toBeDefined();
  });

  test('only so many attempts wait in all', () => {
    const { throttle } = make({ maxWaiting: 1 });
    throttle.wait(HOME, 100);
    expect(throttle.wait(AWAY, 100)).toBeUndefined();
  });

  test('a cancelled wait frees its place and leaves no timer', async () => {
    const { time, throttle } = make();
    const wait = throttle.wait(HOME, 100);
    wait?.cancel();
    wait?.cancel();
    await settled();
    await expect(wait?.over).resolves.toBe(false);
    expect([time.pending, throttle.waiting]).toEqual([0, 0]);
  });
});
