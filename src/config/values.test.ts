import { formatDurationMs, formatSizeBytes, parseDurationMs, parseSizeBytes } from './values.ts';

describe('durations', () => {
  test.each([
    [0, 0],
    [1500, 1500],
    ['250ms', 250],
    ['30s', 30_000],
    ['10m', 600_000],
    ['10 m', 600_000],
    ['10 min', 600_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['42', 42],
  ])('%p is %p ms', (written, ms) => {
    expect(parseDurationMs(written)).toBe(ms);
  });

  test.each([
    -1,
    1.5,
    NaN,
    Infinity,
    '',
    'm',
    '10 M',
    '-5s',
    '1e3s',
    '10mm',
    '5 toString',
    null,
    true,
    [],
  ])('%p is none', (written) => {
    expect(parseDurationMs(written)).toBeUndefined();
  });

  test('are written in the largest unit that is exact', () => {
    expect([0, 90_000, 60_000, 86_400_000, 1].map(formatDurationMs)).toEqual([
      '0',
      '90s',
      '1m',
      '1d',
      '1ms',
    ]);
  });
});

describe('sizes', () => {
  test.each([
    [262_144, 262_144],
    ['256 KiB', 262_144],
    ['256KiB', 262_144],
    ['1 MB', 1_000_000],
    ['1.5 MiB', 1_572_864],
    ['2 GiB', 2_147_483_648],
    ['100 B', 100],
  ])('%p is %p bytes', (written, bytes) => {
    expect(parseSizeBytes(written)).toBe(bytes);
  });

  test.each([-1, 0.5, '1 KiBs', '1 kib', 'KiB', '1 s', '99999999999999 GiB', {}])(
    '%p is none',
    (written) => {
      expect(parseSizeBytes(written)).toBeUndefined();
    },
  );

  test('are written in the largest unit that is exact', () => {
    expect([0, 100, 1024, 1_048_576, 10_000].map(formatSizeBytes)).toEqual([
      '0',
      '100',
      '1 KiB',
      '1 MiB',
      '10000',
    ]);
  });
});
