import {
  Application,
  Container,
  Context,
  optional,
  type Plan,
  Router,
  type ServiceToken,
  token,
} from "../../../mod.ts";

interface Store {
  readonly kind: "memory" | "disk";
  get(key: string): string | undefined;
}
const Store = token<Store>("Store");
const Url = token<string, "Url">("Url");
const Port = token<number>("Port");
const Ports = token<number[]>("Ports");

class Quiz {
  constructor(readonly title: string, readonly store?: Store) {}
  static load(): Promise<Quiz> {
    return Promise.resolve(new Quiz("Tea?"));
  }
}
class Player {
  constructor(readonly context: Context, readonly quiz: Quiz) {}
}
class Overloaded {
  constructor(address: string, port: number);
  constructor(address: URL);
  constructor(address: string | URL, port = 0) {
    console.log(address, port);
  }
}
class Generic<T> {
  readonly items: T[] = [];
}
declare const anything: any;

// A factory without dependencies; its results get their types from the token.
const app = new Application(new Router())
  .register(Url, "pg://")
  .register(Port, 80)
  .singleton(Store, () => ({ kind: "memory", get: (key) => key.trim() }))
  .singleton(Ports, async () => [await Promise.resolve(80)])
  .singleton(Quiz, () => Quiz.load())
  .scoped(Quiz, Quiz.load)
  .scoped(Quiz, () => anything);

// A class with the list of its services, required and optional ones.
app
  .singleton(Quiz, [Url])
  .singleton(Quiz, [Url, Store])
  .singleton(Quiz, [Url, optional(Store)])
  .scoped(Player, [Context, Quiz])
  .scoped(Overloaded, [Url, Port])
  .singleton(Generic, [])
  .singleton(Store, anything)
  .handle(
    class {
      static readonly inject = [Player, Overloaded, Generic] as const;
      constructor(
        readonly player: Player,
        readonly overloaded: Overloaded,
        readonly texts: Generic<string>,
      ) {}
      get() {
        return this.player.quiz.title;
      }
    },
  );

// The factory may take fewer services than the list has, and none.
const container = new Container().register(Url, "pg://")
  .singleton(Store, [Url], () => ({ kind: "disk", get: () => undefined }))
  .singleton(Quiz, [Url, Store], (url) => new Quiz(url));
export const plan: Plan<Quiz> = container.compile(Quiz);

// Services of any types are left to the checks at start-up.
export function addAll(
  services: readonly [ServiceToken, readonly ServiceToken[]][],
): Container<ServiceToken> {
  const all = new Container<ServiceToken>();
  for (const [service, deps] of services) {
    all.singleton(service, deps, () => 0);
  }
  all.singleton(Quiz, [Url]).scoped(Store, () => anything);
  return all;
}
