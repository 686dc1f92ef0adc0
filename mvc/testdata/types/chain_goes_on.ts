// error at 23:26: Type 'number' is not assignable to type 'string | Promise<string>'.
// note: The expected type comes from the return type of this signature.
import { Application, NSConn, Router, token } from "../../../mod.ts";

const Port = token<number>("Port");
const Host = token<string>("Host");
const Url = token<string, "Url">("Url");

class ChatController {
  static readonly inject = [NSConn, Port, Host, Url] as const;
  constructor(
    readonly nsConn: NSConn,
    readonly port: number,
    readonly host: string,
    readonly url: string,
  ) {}
  onChat() {}
}

// What comes after the mistake is right.
new Application(new Router())
  .register(Port, 80)
  .singleton(Host, () => 5)
  .scoped(Url, [Host, Port], (host, port) => `${host}:${port}`)
  .handleWebsocket(ChatController);
