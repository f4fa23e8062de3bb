// The official CometD client, of the generation that the command line names: "3" (what desktops ship) or "9".
//
// It is used as its documentation shows: channels are subscribed to in a listener for /meta/handshake, because a new
// handshake forgets the subscriptions. Every message that leaves or arrives is told to the test.

import {createRequire} from "node:module";
import {obey, tell} from "./lines.mjs";

const require = createRequire(import.meta.url);
const generation = process.argv[2];
const library = generation === "3" ? require("cometd-3") : await import("cometd");
const Acknowledgement = generation === "3" ? require("cometd-3/AckExtension.js") : library.AckExtension;
const environment = generation === "3" ? require("cometd-nodejs-client-1") : await import("cometd-nodejs-client");
environment.adapt();
const Socket = window.WebSocket;

// Timers that are due no sooner than this (ms) are a client that keeps an interval, or waits for a late reply; the test
// sees the delay and can let a timer ring early instead of waiting.
const LONG = 200;
const timers = new Map();

function adaptTimers() {
    window.setTimeout = (work, delay) => {
        const timer = setTimeout(() => {
            timers.delete(timer);
            work();
        }, delay);
        if (delay >= LONG) {
            timers.set(timer, {work, delay});
            tell("timer", {delay});
        }
        return timer;
    };
    window.clearTimeout = timer => {
        timers.delete(timer);
        clearTimeout(timer);
    };
}

adaptTimers();

const clients = new Map();

function client(name = "main") {
    return clients.get(name);
}

obey({
    /** Make a client. `headers` go with each request, and with the upgrade of a WebSocket as a browser sends them. */
    create({name = "main", url, headers, transport = "long-polling", called = transport, ack = false, ...settings}) {
        const cometd = new library.CometD();
        if (Socket !== undefined) {
            window.WebSocket = class extends Socket {
                constructor(address, protocol) {
                    super(address, protocol, {headers});
                }
            };
        }
        cometd.unregisterTransports();
        const Transport = {
            "long-polling": library.LongPollingTransport,
            websocket: library.WebSocketTransport,
        }[transport];
        cometd.registerTransport(called, new Transport());
        cometd.configure({url, requestHeaders: headers, logLevel: "error", backoffIncrement: 10, ...settings});
        cometd.registerExtension("test", {
            outgoing(message) {
                tell("sent", {name, message});
            },
            incoming(message) {
                tell("got", {name, message});
            },
        });
        // What leaves passes the extensions in the opposite order: the one above sees what this one has added.
        if (ack) {
            cometd.registerExtension("ack", new Acknowledgement());
        }
        // Unlike an extension, a listener is told once the client has drawn its conclusions.
        cometd.addListener("/meta/connect", reply => tell("connect", {name, successful: reply.successful}));
        clients.set(name, cometd);
    },

    /** Handshake, and subscribe to the channels whenever a handshake succeeds; answers the handshake's reply. */
    handshake({name = "main", channels = []}) {
        const cometd = client(name);
        const listen = channel =>
            cometd.subscribe(channel, message => tell("event", {name, channel: message.channel, data: message.data}));
        cometd.addListener("/meta/handshake", reply => {
            if (reply.successful) {
                cometd.batch(() => channels.forEach(listen));
            }
        });
        return new Promise(resolve => cometd.handshake(resolve));
    },

    /** Disconnect; answers the reply. */
    disconnect({name = "main"}) {
        return new Promise(resolve => client(name).disconnect(resolve));
    },

    status({name = "main"}) {
        const cometd = client(name);
        const transport = cometd.getTransport();
        return {
            status: cometd.getStatus(),
            transport: transport?.type ?? transport?.getType?.() ?? null,
            clientId: cometd.getClientId(),
        };
    },

    /** Disconnect every client and forget it, cookies and timers included: the next test finds nothing of this one. */
    async forget() {
        const open = [...clients.values()].filter(cometd => !cometd.isDisconnected());
        clients.clear();
        await Promise.all(open.map(cometd => new Promise(resolve => cometd.disconnect(resolve))));
        [...timers.keys()].forEach(window.clearTimeout);
        environment.adapt();
        adaptTimers();
    },

    /** Let the timers that wait `delay` ms ring now; answers how many they were. */
    hurry({delay}) {
        const due = [...timers].filter(([, timer]) => timer.delay === delay);
        for (const [timer, {work}] of due) {
            clearTimeout(timer);
            timers.delete(timer);
            work();
        }
        return due.length;
    },
});
