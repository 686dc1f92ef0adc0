import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Application } from "../application.ts";
import { token } from "../container/tokens.ts";
import { Routed } from "../harness/mod.ts";
import { Context } from "../http/context.ts";
import { Router } from "../router/router.ts";

function handle(controller: unknown): void {
  // Some of them the compiler would refuse as well.
  new Application(new Router()).handle(controller as object);
}

/** Checks that a controller is refused with a text that says what to write. */
function refuse(controller: unknown, member: string, text: string): void {
  const error = assertThrows(() => handle(controller), TypeError);
  assertStringIncludes(error.message, `.${member}: `);
  assertStringIncludes(error.message, text);
}

Deno.test("handle() refuses fields that are functions and named like routes", () => {
  const list = () => ["Ann"];
  const classes = [
    class {
      get() {}
      getUsers = () => ["Ann"];
    },
    class {
      get() {}
      readonly getUsers = (): string[] => ["Ann"];
    },
    class {
      get() {}
      // A comment before it.
      getUsers = async (a = "(", { b }: { b?: string } = {}) => {
        return await [a, b];
      };
    },
    class {
      get() {}
      getUsers = function (): string[] {
        return ["Ann"];
      };
    },
    class {
      get() {}
      getUsers = async function* () {};
    },
    class {
      get() {}
      getUsers = list.bind(null);
    },
    class {
      getUsers: () => string[];
      constructor() {
        this.getUsers = () => ["Ann"];
      }
      get() {}
    },
  ];
  for (const Class of classes) {
    refuse(Class, "getUsers", 'write a method, "getUsers() { … }"');
  }
  class Base {
    getUsers = () => ["Ann"];
  }
  class Child extends Base {
    get() {}
  }
  refuse(Child, "getUsers", "write a method");
  const withOthers = class {
    get() {}
    postUsers = (id: string) => id;
  };
  refuse(withOthers, "postUsers", 'or exclude it by "postUsers: false"');
});

Deno.test("handle() accepts fields that are no functions, excluded, or not named like routes", () => {
  class Controller {
    static readonly routes = { getTotal: false };
    getTotal = () => 1;
    postCount = 0;
    options = { a: () => 1 };
    head: string | null = null;
    rename = () => 1;
    getter = () => 1;
    // getUsers = () => 1;
    text = "; getUsers = () => 1";
    template = `
      getUsers = () => 1;
    `;
    get() {
      const getUsers = () => 1;
      return getUsers() === 1 ? this.text : "";
    }
    static getInstance() {
      return new Controller();
    }
  }
  handle(Controller);
  // The fields of an instance are seen, and are routes.
  handle(
    new class {
      getUsers = () => ["Ann"];
    }(),
  );
  handle({ getUsers: () => ["Ann"] });
});

Deno.test("handle() accepts functions that are no fields, and those that a constructor keeps", async () => {
  const GetNow = token<() => number>("GetNow");
  class Controller {
    static readonly inject = [GetNow] as const;
    private readonly getNow: () => number;
    private readonly getAfter: () => number;
    constructor(getNow: () => number) {
      this.getNow = getNow;
      this.getAfter = getNow ?? Date.now;
      this.getUsers = this.getUsers.bind(this);
    }
    getUsers() {
      let getUser: () => string;
      getUser = () => "Ann";
      const { getOther = () => "Bob" }: { getOther?: () => string } = {};
      class Repository {
        getAll = () => [getUser(), getOther(), this.getOne(), quote];
        getOne = () =>
          `${
            getUser() === ""
              ? `
          getNone = () => 1`
              : "Eve"
          }`;
      }
      const quote = "a`b".replace(/`[}"]?/, "");
      getUser = function () {
        return "Ann";
      };
      return new Repository().getAll();
    }
    getTime() {
      return this.getNow() + this.getAfter();
    }
  }
  const routed = new Routed();
  routed.app.register(GetNow, () => 1).handle(Controller);
  assertEquals(await routed.ask("/users"), '200 ["Ann","Bob","Eve","ab"]');
  assertEquals(await routed.ask("/time"), "200 2");
  assertEquals(routed.faults, []);
});

Deno.test("handle() accepts data and helpers that are called routes or inject", () => {
  class Buses {
    readonly routes = ["A", "B"];
    get() {
      return this.inject();
    }
    inject() {
      const routes = { other: [this.routes] };
      return routes;
    }
  }
  class Trains {
    readonly routes: Record<string, string> = { north: "A" };
    get() {}
  }
  class Ships {
    get() {
      return this.routes();
    }
    routes() {
      return [];
    }
  }
  for (const Class of [Buses, Trains, Ships]) {
    handle(Class);
    handle(new Class());
  }
});

Deno.test("A field that the text of a class does not show is refused with its first instance", async () => {
  const cached = <F>(make: F): F => make;
  for (const isScoped of [true, false]) {
    const routed = new Routed();
    class Controller {
      static readonly inject = isScoped ? [Context] as const : [];
      getUsers = cached(() => ["Ann"]);
      get() {}
    }
    routed.app.handle(Controller as new () => Controller);
    for (let i = 0; i < 2; i++) {
      assertEquals(await routed.ask("/"), "500 Internal Server Error");
    }
    assertStringIncludes(
      String(routed.faults[0]),
      "Cannot handle requests with Controller.getUsers: it is a field",
    );
  }
});

Deno.test("handle() refuses getters, generators and static methods that look like routes", () => {
  refuse(
    class {
      get() {}
      get getUsers() {
        return () => [];
      }
    },
    "getUsers",
    "it is a getter",
  );
  refuse(
    {
      get() {},
      get getUsers() {
        return () => [];
      },
    },
    "getUsers",
    "it is a getter",
  );
  for (
    const Class of [
      class {
        async *getEvents() {}
      },
      class {
        *getEvents() {}
      },
    ]
  ) refuse(Class, "getEvents", "ReadableStream.from()");
  refuse({ async *getEvents() {} }, "getEvents", "a generator is no answer");
  class Static {
    static get() {}
    post() {}
  }
  refuse(Static, "get", 'without "static"');
  class StaticBy {
    static getBy(_id: string) {}
    post() {}
  }
  refuse(StaticBy, "getBy", 'without "static"');
});

Deno.test("handle() refuses methods whose names are nearly right", () => {
  const names = [
    ["get_users", "getUsers"],
    ["get_user_by", "getUserBy"],
    ["GET", "get"],
    ["GETUsers", "getUsers"],
    ["GET_users", "getUsers"],
    ["Post_user", "postUser"],
    ["DELETE", "delete"],
  ] as const;
  for (const [name, meant] of names) {
    refuse({ get() {}, [name]() {} }, name, `write "${meant}"`);
    const Class = class {
      get() {}
    };
    Object.defineProperty(Class.prototype, name, { value() {} });
    refuse(Class, name, `write "${meant}"`);
    // What is excluded is meant.
    handle({ routes: { [name]: false }, get() {}, [name]() {} });
  }
  handle({ get() {}, getter() {}, postpone() {}, anything() {}, GETTER: 1 });
  handle({ get() {}, HEADERS() {}, GETTER() {}, OPTIONS2() {} });
});

Deno.test("handle() refuses settings that are misspelt, or not static", () => {
  refuse(
    class {
      static readonly Routes = {};
      get() {}
    },
    "Routes",
    'write "static routes"',
  );
  refuse(
    class {
      static readonly route = "/users";
      get() {}
    },
    "route",
    'write "static routes"',
  );
  refuse(
    class {
      static readonly Inject = [];
      get() {}
    },
    "Inject",
    'write "static inject"',
  );
  refuse(
    class {
      static before_activation() {}
      get() {}
    },
    "before_activation",
    'write "static beforeActivation"',
  );
  class NotStatic {
    readonly routes = { find: "GET /find" };
    get() {}
    find() {}
  }
  refuse(NotStatic, "routes", 'write "static readonly routes"');
  refuse(new NotStatic(), "routes", 'write "static readonly routes"');
  class NotStaticInject {
    inject = [Context];
    get() {}
  }
  refuse(NotStaticInject, "inject", 'write "static readonly inject"');
  class Getter {
    get routes() {
      return {};
    }
    get() {}
  }
  refuse(Getter, "routes", 'write "static readonly routes"');
  refuse({ Routes: {}, get() {} }, "Routes", 'write "routes"');
  // A class may have anything else.
  class Fine {
    static readonly router = 1;
    static readonly namespace = "chat";
    static route() {}
    readonly paths = { a: 1 };
    get() {}
  }
  handle(Fine);
  handle(new Fine());
});
