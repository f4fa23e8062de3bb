// How a test and its Node peer talk: a command a line on standard input, on standard output an answer to each, and in
// between whatever happened. The peer ends with its input.

import {createInterface} from "node:readline";

// Standard output belongs to the protocol; what the libraries log goes to standard error.
for (const level of ["log", "info", "debug", "warn"]) {
    console[level] = (...words) => console.error(...words);
}

/** Tell the test of something that happened: {happened: "...", ...}. */
export function tell(happened, facts = {}) {
    process.stdout.write(JSON.stringify({happened, ...facts}) + "\n");
}

/** Carry out commands: {number, command, ...parameters}, answered {number, result} or {number, error}. */
export function obey(commands) {
    const input = createInterface({input: process.stdin});
    input.on("line", async line => {
        const {number, command, ...parameters} = JSON.parse(line);
        try {
            const result = await commands[command](parameters);
            process.stdout.write(JSON.stringify({number, result: result ?? null}) + "\n");
        } catch (error) {
            process.stdout.write(JSON.stringify({number, error: String(error?.stack ?? error)}) + "\n");
        }
    });
    input.on("close", () => process.exit(0));
    tell("ready");
}
