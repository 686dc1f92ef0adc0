import { drive } from "./load.mjs";

const [port, messages] = Deno.args;
await drive(Number(messages), async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  // A server that echoes answers in order.
  const waiting: ((text: string) => void)[] = [];
  socket.onmessage = ({ data }) => waiting.shift()!(data);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return (text: string) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    waiting.push(resolve);
    socket.send(text);
    return promise;
  };
});
Deno.exit();
