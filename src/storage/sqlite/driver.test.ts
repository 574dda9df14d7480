import { sqlite, sqlitePackage } from './driver.ts';

test('what Node.js 20 cannot run is not loaded there', () => {
  expect(sqlitePackage(9)).toBe('better-sqlite3');
});

test('from Node-API 10 the add-on is the one that does not depend on the headers it was built against', () => {
  expect(sqlitePackage(10)).toBe('better-sqlite3-napi');
  expect(sqlitePackage(11)).toBe('better-sqlite3-napi');
});

test('the one that fits opens a database', () => {
  const db = new (sqlite())(':memory:');
  expect(db.prepare('SELECT 7').pluck().get()).toBe(7);
  db.close();
});
