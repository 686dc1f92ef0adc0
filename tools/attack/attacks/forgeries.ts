import { type Attack, expect } from "../arena.ts";
import { NAMESPACES } from "../victim_limits.ts";

/** Names with a meaning elsewhere. */
const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "hasOwnProperty",
  "toString",
  "valueOf",
  "__defineGetter__",
  "then",
  "*",
  "?",
  "[a-z]",
  ">",
  "open.>",
  "../../etc/passwd",
  "@%!semicolon@%!".repeat(8),
  "a\nb\r\nc",
  "\x1b[2J",
  "\u202e\u2028\u0000",
  "x".repeat(256),
] as const;

const TOO_LONG = "x".repeat(257);

/** The answer to an ask that nothing handles. */
function refusalOf(token: string, event: string): string {
  const wire = event.replaceAll(";", "@%!semicolon@%!");
  const read = wire.replaceAll("@%!semicolon@%!", ";");
  return `${token};open;;${wire};1;0;Cannot handle event "${read}" of namespace "open": nothing handles it`;
}

/** Headers by which proxies and clouds tell a program who its user is. */
const IDENTITIES = [
  "Authentik-Username",
  "Cf-Access-Jwt-Assertion",
  "Cookie",
  "Forwarded",
  "From",
  "L5d-Client-Id",
  "Remote-User",
  "SSL-Client-Cert",
  "SSL-Client-S-DN",
  "SSL-Client-Verify",
  "Tailscale-User-Login",
  "X-Amzn-Oidc-Data",
  "X-Anonymous-Consumer",
  "X-API-Key",
  "X-Arr-ClientCert",
  "X-Auth-Request-Email",
  "X-Auth-Token",
  "X-Authentik-Username",
  "X-Client-DN",
  "X-Consumer-Custom-ID",
  "X-Consumer-Groups",
  "X-Consumer-ID",
  "X-Consumer-Username",
  "X-Credential-Identifier",
  "X-CSRF-Token",
  "X-Email",
  "X-Endpoint-API-UserInfo",
  "X-Forwarded-Access-Token",
  "X-Forwarded-Client-Cert",
  "X-Forwarded-Email",
  "X-Forwarded-For",
  "X-Forwarded-Groups",
  "X-Forwarded-Preferred-Username",
  "X-Forwarded-User",
  "X-Goog-IAP-JWT-Assertion",
  "X-Grafana-User",
  "X-Groups",
  "X-HTTP-Method-Override",
  "X-ID-Token",
  "X-JWT-Assertion",
  "X-MS-Client-Principal",
  "X-Organization",
  "X-Original-URL",
  "X-Pomerium-Claim-Email",
  "X-Pomerium-JWT-Assertion",
  "X-Proxy-User",
  "X-Real-IP",
  "X-Role",
  "X-Spiffe-ID",
  "X-SSL-Client-Verify",
  "X-Tenant-ID",
  "X-Token-Subject",
  "X-User-ID",
  "X-Userinfo",
  "X-Vouch-User",
  "X-WebAuth-Groups",
  "X-WebAuth-User",
] as const;

/** The events that only the protocol itself may fire. */
const EVENTS = [
  "_OnNamespaceConnected",
  "_OnRoomJoined",
  "_OnRoomLeft",
] as const;

/** False claims of a client about itself and its requests. */
export const FORGERIES: readonly Attack[] = [
  {
    name: "life-cycle events of the server",
    faults: "20",
    async run(arena) {
      const peer = await arena.enter();
      for (const event of EVENTS) {
        await peer.send(`;open;vip;${event};0;0;`);
        expect(
          await peer.ask(`$1;open;vip;${event};0;0;`),
          `$1;open;vip;${event};1;0;invalid payload`,
          event,
        );
      }
      // The join is refused, then claimed anyway.
      await peer.ask("$1;open;closed;_OnRoomJoin;0;0;");
      await peer.send(";open;closed;_OnRoomJoined;0;0;");
      for (const event of ["_OnAnyEvent", "_OnNativeMessage"]) {
        expect(
          await peer.ask(`$1;open;;${event};0;0;`),
          refusalOf("$1", event),
          event,
        );
      }
      expect(
        await peer.ask("$1;open;;onSeen;0;0;"),
        '$1;open;;onSeen;0;0;["connected","join closed"]',
        "what the handlers have seen",
      );
      return "invalid payload, not handled";
    },
  },
  {
    name: "messages for rooms that were never joined",
    faults: "21",
    async run(arena) {
      const peer = await arena.enter();
      await peer.send(";open;vip;onEcho;0;0;hello");
      expect(
        await peer.ask("$1;open;vip;onEcho;0;0;hello"),
        "$1;open;vip;onEcho;1;0;bad room",
        "an ask",
      );
      await peer.send(";witness;;onNumber;0;0;1");
      expect(
        await peer.ask("$1;witness;news;onNews;0;0;1"),
        "$1;witness;news;onNews;1;0;bad namespace",
        "an ask in another namespace",
      );
      expect(
        await peer.ask("$1;open;;onSeen;0;0;"),
        '$1;open;;onSeen;0;0;["connected"]',
        "what the handlers have seen",
      );
      return "bad room, bad namespace, not handled";
    },
  },
  {
    name: "headers as URL parameters",
    faults: "22",
    async run(arena) {
      const names = [
        "Host",
        "Origin",
        "Cookie",
        "X-Forwarded-For",
        "X_Forwarded_For",
        "Forwarded",
        "X-Real-IP",
        "Sec-WebSocket-Protocol",
        "Upgrade",
        "Connection",
        "Transfer-Encoding",
        "__proto__",
        "constructor",
        "X-Consumer-Username",
        "X-WebAuth-User",
        "SSL-Client-Verify",
        "Remote-User",
        "",
        "a%0d%0ab",
        "a%00",
      ];
      const params = names.map((name) => `X-Websocket-Header-${name}=forged`);
      const values = ["a%0d%0aX-Evil:1", "%00", "a%0a", "%ff"];
      // node:http answers 400 to a target with bytes that belong to no URL.
      if (!arena.victim.isWs) values.push("é");
      params.push(
        "X-Websocket-Header-Authorization=forged",
        "x-websocket-header-x-role=forged&x-websocket-header-X-Auth-Token=forged",
        "X-Websocket-Header-X-Websocket-Role=first",
        "x-websocket-header-X-WEBSOCKET-Role=second",
        ...values.map((value, i) =>
          `X-Websocket-Header-X-Websocket-Crlf-${i}=${value}`
        ),
      );
      const peer = await arena.open(`/ws?${params.join("&")}`, {
        authorization: "own",
        cookie: "own=1",
      });
      await peer.ask("M");
      await peer.ask("$1;open;;_OnNamespaceConnect;0;0;");
      const answer = await peer.ask("$1;open;;onHeaders;0;0;");
      const head = "$1;open;;onHeaders;0;0;";
      const headers: Record<string, string> = JSON.parse(
        answer.slice(head.length),
      );
      for (const [name, value] of Object.entries(headers)) {
        // What the server does not list is left out, and so are invalid values.
        const isForged = value === "forged" || name === "x-evil" ||
          /[\r\n\0]/.test(value);
        expect(isForged, false, `the header ${name}: ${value}`);
      }
      expect(headers.authorization, "own", "authorization");
      expect(headers.cookie, "own=1", "cookie");
      expect(headers["x-websocket-role"], "first", "a header that came twice");
      return "none believed";
    },
  },
  {
    name: "identity headers of proxies as URL parameters",
    faults: "82",
    async run(arena) {
      const spellings: readonly ((name: string) => string)[] = [
        (name) => name,
        (name) => name.toUpperCase(),
        (name) => name.replaceAll("-", "_"),
        (name) => name.replaceAll("-", "%2D"),
      ];
      for (const spell of spellings) {
        const params = IDENTITIES.map((name) =>
          `X-Websocket-Header-${spell(name)}=forged`
        );
        // What a client may send.
        params.push("x-websocket-header-authorization=own");
        const peer = await arena.open(`/ws?${params.join("&")}`);
        await peer.ask("M");
        await peer.ask("$1;open;;_OnNamespaceConnect;0;0;");
        const head = "$1;open;;onHeaders;0;0;";
        const answer = await peer.ask(head);
        const headers: Record<string, string> = JSON.parse(
          answer.slice(head.length),
        );
        const forged = Object.keys(headers)
          .filter((name) => headers[name] === "forged");
        expect(forged, [], "the headers that were believed");
        expect(headers.authorization, "own", "authorization");
      }
      return `none of ${IDENTITIES.length} believed, however they are spelt`;
    },
  },
  {
    name: "names such as __proto__, with ; * and newlines, too long ones",
    faults: "23",
    async run(arena) {
      const peer = await arena.enter();
      for (const name of NAMES) {
        const wire = name.replaceAll(";", "@%!semicolon@%!");
        const connect = await peer.ask(
          `$1;${wire};;_OnNamespaceConnect;0;0;`,
        );
        expect(connect.endsWith(";1;0;bad namespace"), true, connect);
        expect(
          await peer.ask(`$1;open;${wire};_OnRoomJoin;0;0;`),
          "$1;;;;;;",
          `joining ${name}`,
        );
        const said = await peer.ask(`$1;open;${wire};onEcho;0;0;x`);
        expect(said.endsWith(";onEcho;0;0;x"), true, said);
        expect(
          await peer.ask(`$1;open;;${wire};0;0;x`),
          refusalOf("$1", name),
          `the event ${name}`,
        );
        await peer.ask(`$1;open;${wire};_OnRoomLeave;0;0;`);
      }
      for (
        const [namespace, room, event] of [
          [TOO_LONG, "", "_OnNamespaceConnect"],
          ["open", TOO_LONG, "_OnRoomJoin"],
          ["open", "", TOO_LONG],
          ["x".repeat(1_000_000), "", "onEcho"],
        ]
      ) {
        expect(
          await peer.ask(`$1;${namespace};${room};${event};0;0;`),
          "$1;;;;1;0;invalid payload",
          "a name that is too long",
        );
      }
      const seen = await peer.ask("$1;open;;onSeen;0;0;");
      expect(
        seen.split("joined ").length - 1,
        NAMES.length,
        "the rooms that were joined",
      );
      return "bad namespace; rooms and events are only names";
    },
  },
  {
    name: "pages of strangers",
    faults: "24",
    async run(arena) {
      const strangers = [
        "http://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "",
        "file://",
        "http://127.0.0.1, http://evil.example",
        "127.0.0.1",
      ];
      for (const origin of strangers) {
        const status = await arena.tryUpgrade("/ws", { origin });
        expect(status, 403, `the page ${JSON.stringify(origin)}`);
      }
      await arena.open("/ws", { origin: "http://127.0.0.1" });
      // A client that forges the Host is no browser, so it has no user's cookies.
      return "403";
    },
  },
  {
    name: "the server's own acknowledgements",
    faults: "25",
    async run(arena) {
      const peer = await arena.open();
      for (const frame of ["Amine", "Hno", "A", "H", "m", "M;", " M"]) {
        await peer.send(frame);
      }
      const answer = await peer.ask("M");
      expect(answer[0], "A", "the answer to M");
      expect(answer === "Amine", false, "the ID is the client's own");
      expect(
        await peer.ask("$1;open;;onEcho;0;0;x"),
        "$1;open;;onEcho;1;0;bad namespace",
        "a connection that has not connected",
      );
      // Once more, when the connection is open.
      for (const frame of ["M", "Amine", "Hno"]) await peer.send(frame);
      expect(
        await peer.ask("$2;;;_OnNamespaceConnect;0;0;"),
        "$2;;;_OnNamespaceConnect;1;0;bad namespace",
        "the next answer",
      );
      return "ignored";
    },
  },
  {
    name: "wait tokens and senders of others",
    faults: "26",
    async run(arena) {
      const asked = await arena.enter();
      const other = await arena.enter();
      const question = await asked.ask("$1;open;;onAskBack;0;0;");
      const [token = ""] = question.split(";");
      expect(/^s[\da-z]{6,}\.\w+$/.test(token), true, `the token ${token}`);
      // An answer from another connection is an ordinary message.
      expect(
        await other.ask(`${token};open;;onQuestion;0;0;forged`),
        refusalOf(token, "onQuestion"),
        "a forged answer",
      );
      await other.send(`${token};open;;onQuestion;1;0;forged`);
      // An answer without an ask.
      await asked.send(`${token}1;open;;onQuestion;0;0;forged`);
      expect(
        await asked.ask(`${token};open;;onQuestion;0;0;own`),
        "$1;open;;onAskBack;0;0;own",
        "the answer",
      );
      const tokens = [
        `a!${token}`,
        "!!",
        "x".repeat(100_000),
        "#1",
        "\u{1f600}!x",
      ];
      for (const wait of tokens) {
        expect(
          await other.ask(`${wait};open;;onEcho;0;0;x`),
          `${wait};open;;onEcho;0;0;x`,
          `the token ${wait.slice(0, 20)}`,
        );
      }
      await other.send("neffos(0x1);open;;onEcho;0;0;x");
      expect(
        await other.ask("$2;open;;onEcho;0;0;next"),
        "$2;open;;onEcho;0;0;next",
        "a sender's mark",
      );
      return "answers of others are not taken";
    },
  },
  {
    name: "more than a connection may have",
    faults: "27",
    async run(arena) {
      const early = await arena.open();
      for (let i = 0; i <= 4_096; i++) await early.send(";open;;onEcho;0;0;x");
      // By ws it is not read any more, and its time for M ends.
      const isRead = !arena.victim.isWs;
      const ending = isRead ? 1008 : 4001;
      expect(await early.ended(), ending, "4,097 frames before M");

      const peer = await arena.enter();
      const rooms = [];
      for (let i = 0; i < 200; i++) {
        const answer = await peer.ask(`$1;open;${i};_OnRoomJoin;0;0;`);
        if (answer === "$1;;;;;;") rooms.push(i);
      }
      expect(rooms.length, 128, "the rooms");
      const namespaces = [];
      for (let i = 0; i < NAMESPACES; i++) {
        const answer = await peer.ask(`$1;n${i};;_OnNamespaceConnect;0;0;`);
        if (answer === "$1;;;;;;") namespaces.push(i);
      }
      expect(namespaces.length, 31, "the namespaces beside the first");

      const asker = await arena.enter();
      for (let i = 0; i < 1_200; i++) {
        await asker.send(`$${i};open;;onAskBack;0;0;`);
      }
      let asks = 0;
      let refusals = 0;
      while (asks + refusals < 1_200) {
        const text = await asker.text();
        if (text.includes(";onQuestion;")) asks++;
        else if (text.includes(";1;0;")) refusals++;
        else expect(text, "an ask or a refusal", "the answer");
      }
      expect(asks, 1024, "the asks that wait");

      const stuck = await arena.enter();
      // Deno drops a client that sends more after the close.
      for (let i = 0; i < 4_097; i++) {
        await stuck.send(";open;;onStuck;0;0;");
      }
      if (isRead) {
        expect(await stuck.ended(), 1008, "4,097 messages that wait");
      }
      return `${ending}; 128 rooms, 32 namespaces, 1,024 asks`;
    },
  },
];
