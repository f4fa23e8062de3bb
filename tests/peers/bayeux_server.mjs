// A Bayeux server that others have written, of the kind that the command line names: "cometd" or "faye".
//
// `start` makes a new one, so that tests can share the process. Its listener can be closed and opened again, as when
// what stands before a server restarts, while its sessions live on.

import {createRequire} from "node:module";
import {createServer} from "node:http";
import {obey, tell} from "./lines.mjs";

const require = createRequire(import.meta.url);
const kind = process.argv[2];
const MOUNT = "/api/v2/notifications";

// The servers measure the life of a session by the date; a test moves it forward instead of waiting.
const now = Date.now;
let ahead = 0;
Date.now = () => now() + ahead;

function cometdServer({holds = 30000}) {
    const {createCometDServer} = require("cometd-nodejs-server");
    const {AcknowledgedMessagesExtension} = require("cometd-nodejs-server/ack-extension");
    const server = createCometDServer({logLevel: "error", timeout: holds, sweepPeriod: 10});
    const sessions = new Map();
    server.addExtension(new AcknowledgedMessagesExtension());
    server.addListener("sessionAdded", session => sessions.set(session.id, session));
    server.addListener("sessionRemoved", (session, timeout) => {
        sessions.delete(session.id);
        tell("gone", {clientId: session.id, expired: timeout});
    });
    server.addListener("subscribed", (channel, session) =>
        tell("subscribed", {clientId: session.id, channel: channel.name}),
    );
    return {
        attach: http => http.on("request", server.handle),
        publish: (channel, data) => server.createServerChannel(channel).publish(null, data),
        onSubscription: work => server.addListener("subscribed", work),
        sessions: () => [...sessions.keys()],
        held: () => [...sessions.values()].filter(session => session._scheduler !== null).map(session => session.id),
        close: () => server.close(),
        advance(milliseconds) {
            ahead += milliseconds;
        },
    };
}

function fayeServer({holds = 30000}) {
    const {NodeAdapter} = require("faye");
    const server = new NodeAdapter({mount: MOUNT, timeout: holds / 1000});
    const engine = server._server._engine;
    const sessions = new Set();
    server.on("handshake", clientId => sessions.add(clientId));
    server.on("disconnect", clientId => {
        sessions.delete(clientId);
        tell("gone", {clientId, expired: !leaving.delete(clientId)});
    });
    const leaving = new Set();
    server.addExtension({
        incoming(message, callback) {
            if (message.channel === "/meta/disconnect") {
                leaving.add(message.clientId);
            }
            callback(message);
        },
    });
    server.on("subscribe", (clientId, channel) => tell("subscribed", {clientId, channel}));
    return {
        attach: http => server.attach(http),
        publish: (channel, data, id) => engine.publish({channel, data, id}),
        onSubscription: work => server.on("subscribe", work),
        sessions: () => [...sessions],
        held: () => [...sessions].filter(clientId => engine.hasConnection(clientId)),
        close: () => server.close(),
        advance() {
            // Its timers do not look at the date; this is what they do when they ring.
            [...sessions].filter(clientId => !engine.hasConnection(clientId)).forEach(id => engine.destroyClient(id));
        },
    };
}

let bayeux = null;
let listener = null;
let connections = null;
let address = null;

function listen(port) {
    listener = createServer();
    connections = new Set();
    listener.on("connection", socket => {
        connections.add(socket);
        socket.on("close", () => connections.delete(socket));
    });
    bayeux.attach(listener);
    return new Promise((resolve, reject) => {
        listener.on("error", reject);
        listener.listen(port, "127.0.0.1", () => {
            address = listener.address().port;
            resolve(address);
        });
    });
}

function hangUp() {
    const closed = new Promise(resolve => listener.close(resolve));
    connections.forEach(socket => socket.destroy());
    return closed;
}

obey({
    /** A new server; answers its port. `backlog` is published as soon as somebody subscribes to anything. */
    start({port = 0, backlog = [], ...settings}) {
        bayeux = {cometd: cometdServer, faye: fayeServer}[kind](settings);
        bayeux.onSubscription(() => {
            // Not before the subscription is answered and complete.
            setImmediate(() => backlog.splice(0).forEach(({channel, data}) => bayeux.publish(channel, data)));
        });
        return listen(port);
    },
    async stop() {
        await hangUp();
        bayeux.close();
    },
    hangUp,
    answerAgain: () => listen(address),
    publish: ({channel, data, id}) => void bayeux.publish(channel, data, id),
    sessions: () => bayeux.sessions(),
    held: () => bayeux.held(),
    /** Let time pass for those who are silent. */
    advance: ({milliseconds}) => bayeux.advance(milliseconds),
});
