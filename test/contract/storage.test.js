import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInlineServer, openStorage } from "../../src/storage/sqlite/open.js";
import { silentLog } from "../../src/util/log.js";
import { systemClock, systemTimers } from "../../src/util/system-clock.js";
import { storageContract } from "./storage.js";
import { startStore } from "./store-child.js";
const ports = { clock: systemClock, timers: systemTimers, log: silentLog };
function harness(directory, mode, end) {
    return {
        open: (schema, bounds) => openStorage({ ...ports, ...bounds, schema, path: join(directory, 'xmppd.db'), mode: mode() }),
        async remove() {
            await Promise.resolve(end());
            rmSync(directory, { recursive: true });
        },
    };
}
const directoryOf = () => mkdtempSync(join(tmpdir(), 'xmppd-contract-'));
storageContract('SQLite with the writer in a thread', () => {
    const mode = { kind: 'thread' };
    return Promise.resolve(harness(directoryOf(), () => mode, () => undefined));
});
storageContract('SQLite with the writer in a process', async () => {
    const directory = directoryOf();
    const socket = join(directory, 'store.sock');
    const store = await startStore(join(directory, 'xmppd.db'), socket);
    let incarnation = 0;
    const mode = () => ({
        kind: 'socket',
        path: socket,
        worker: 1,
        incarnation: ++incarnation,
    });
    return harness(directory, mode, () => store.end('SIGTERM'));
});
storageContract('SQLite with the writer in the same turn', () => {
    const directory = directoryOf();
    const options = { path: join(directory, 'xmppd.db'), synchronous: 'FULL' };
    const server = openInlineServer(options, ports);
    let incarnation = 0;
    const mode = () => ({
        kind: 'inline',
        server,
        worker: 1,
        incarnation: ++incarnation,
    });
    return Promise.resolve(harness(directory, mode, () => server.stop()));
});
