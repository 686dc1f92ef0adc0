import { createRequire } from "node:module";
import { drive } from "./load.mjs";

const [, , modules, port, messages] = process.argv;
const { io } = createRequire(modules)("socket.io-client");

await drive(Number(messages), async () => {
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: ["websocket"],
    forceNew: true,
  });
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  return (text) => socket.emitWithAck("echo", text);
});
process.exit();
