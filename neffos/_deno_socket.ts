import { WebSocketAdapter } from "./_web_socket.ts";
import type { SocketListener } from "./socket.ts";

/** The server's end of a socket of Deno. */
export class DenoSocket extends WebSocketAdapter {
  #closing: ReturnType<typeof setTimeout> | undefined;

  override listen(listener: SocketListener): void {
    super.listen({
      open: () => listener.open(),
      message: (data) => listener.message(data),
      close: (info) => {
        clearTimeout(this.#closing);
        listener.close(info);
      },
    });
  }

  /**
   * Closes it once the frames that have come are read: Deno drops a socket,
   * the close frame and all that is to be sent with it, when it reads another
   * message after `close()`. The peer would see 1006.
   */
  override close(code?: number, reason?: string): void {
    this.#closing ??= setTimeout(() => super.close(code, reason));
  }
}
