// Runs the emulator on a free port until its standard input ends: node emulator.mjs prints the address.
import { createServer } from "node:net";
import emulator from "telegram-test-api";

const port = await new Promise((done, fail) => {
  const server = createServer().once("error", fail).listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});
const Server = emulator.TelegramServer ?? emulator.default ?? emulator;
const server = new Server({ host: "127.0.0.1", port, storeTimeout: 600 });
await server.start();
console.log(`http://127.0.0.1:${port}`);
process.stdin.resume().once("end", () => process.exit(0));
