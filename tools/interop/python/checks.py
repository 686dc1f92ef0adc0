"""Tries the client, and prints a line of JSON for each check.

    python checks.py codec <codec.json>
    python checks.py states
    python checks.py server <URL that the name of a scenario follows>

The scenarios are those of ../go/, which our server and one in Go both play.
"""

import asyncio
import inspect
import json
import sys
from contextlib import suppress
from urllib.parse import urlencode

from client import Client, Refused
from frames import Message, decode, encode
from reconnecting import ReconnectingClient
from websockets.asyncio.server import serve

DEADLINE = 15
ODD = "na;me ☃", "ro;om žluť 🚪", "ev;ent 日本語"
TEXT = 'a;b;;c;;;;;;; "quotes" \\ \n žluť 日本語 👩‍👩‍👧 @%!semi'
BYTES = bytes(range(256)) * 256

CHECKS = []


def check(name, scenario=None):
    def add(action):
        CHECKS.append((name, scenario or name, action))
        return action

    return add


class Stage:
    """A client that keeps what it gets."""

    def __init__(self, url):
        self.url, self.got, self.clients = url, asyncio.Queue(), []

    async def dial(self, events=("chat", "bye"), namespace="default", *, kind=Client, url=None, **more):
        handlers = {namespace: {event: self.got.put_nowait for event in events} | more}
        client = kind(handlers)
        self.clients.append(client)
        await client.dial(url or self.url, max_size=None)
        return client

    async def enter(self, *args, **options):
        client = await self.dial(*args, **options)
        await client.connect("default")
        return client

    async def take(self, count=1):
        return [(await self.got.get()).body for _ in range(count)]


async def refusal(action):
    try:
        await action
    except Refused as refused:
        return str(refused)
    raise AssertionError("it was not refused")


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


@check("dial, and get an ID", "ack")
async def _(stage):
    equal((await stage.dial()).id, "ID")


@check("be refused by the server", "ack-rejected")
async def _(stage):
    equal(await refusal(stage.dial()), "go away")


@check("be refused an unknown namespace", "connect-bad-namespace")
async def _(stage):
    equal(await refusal((await stage.dial()).connect("unknown")), "bad namespace")


@check("be refused a namespace", "connect-rejected")
async def _(stage):
    equal(await refusal((await stage.dial()).connect("default")), "not allowed; sorry")


@check("connect, disconnect and connect again", "connect-twice")
async def _(stage):
    client = await stage.enter()
    await client.connect("default")
    await client.disconnect("default")
    equal(await refusal(client.emit("default", "chat")), "bad namespace")
    await client.connect("default")


@check("call connect and disconnect at once, in order", "connect-twice")
async def _(stage):
    client = await stage.dial()
    calls = [client.connect, client.disconnect, client.connect]
    await asyncio.gather(*(call("default") for call in calls))
    equal(client.inside, {("default", "")})


@check("emit both ways", "emit")
async def _(stage):
    client = await stage.enter()
    texts = ["hello", "semi;colons;;in;body", "unicode ✓ \u2028 €", ""]
    for text in texts:
        await client.emit("default", "chat", text)
    equal(await stage.take(4), [f"echo: {text}" for text in texts])


@check("get the reply to an emit", "emit-reply")
async def _(stage):
    await (await stage.enter()).emit("default", "chat", "hello")
    equal(await stage.take(), ["replied"])


@check("get the error of an emit", "emit-error")
async def _(stage):
    await (await stage.enter()).emit("default", "chat", "hello")
    equal((await stage.got.get()).error, "bad; chat")


@check("1,000 messages each way, in order", "order")
async def _(stage):
    client = await stage.enter()
    numbers = [str(number) for number in range(1000)]
    for number in numbers:
        await client.emit("default", "chat", number)
    equal(await stage.take(1000), numbers)


@check("ask, and get the answer", "ask")
async def _(stage):
    equal((await (await stage.enter()).ask("default", "ask", "question")).body, "answer;42")


@check("ask, and get the text of an error", "ask-error")
async def _(stage):
    equal(await refusal((await stage.enter()).ask("default", "ask")), "no answer")


@check("100 asks at once, each with its own answer", "asks")
async def _(stage):
    client = await stage.enter()
    asks = [client.ask("default", "ask", f"{number}") for number in range(100)]
    answers = await asyncio.gather(*asks)
    equal([answer.body for answer in answers], [f"re: {number}" for number in range(100)])


@check("answer the server's ask", "server-asks-client")
async def _(stage):
    asked = asyncio.Queue()
    client = await stage.enter(ask=lambda message: asked.put_nowait(message.body) or "client answer")
    await client.emit("default", "go", "1")
    equal(await asked.get(), "q")
    await stage.take()


@check("answer the server's asks, 100 at once", "server-asks-at-once")
async def _(stage):
    client = await stage.enter(ask=lambda message: f"re: {message.body}")
    await client.emit("default", "go", "1")
    await stage.take()


@check("binary bodies, emitted and asked", "bytes")
async def _(stage):
    client = await stage.enter()
    await client.emit("default", "chat", BYTES)
    equal(await stage.take(), [BYTES])
    equal((await client.ask("default", "ask", BYTES)).body, BYTES)


@check("join, emit in the room, leave", "room")
async def _(stage):
    client = await stage.enter()
    equal(await refusal(client.emit("default", "chat", "early", room="room1")), "bad room")
    await client.join("default", "room1")
    await client.emit("default", "chat", "to room", room="room1")
    message = await stage.got.get()
    equal((message.room, message.body), ("room1", "to room"))
    await client.leave("default", "room1")
    equal(await refusal(client.leave("default", "room1")), "bad room")


@check("be refused a room", "room-join-rejected")
async def _(stage):
    equal(await refusal((await stage.enter()).join("default", "room1")), "room is full")


@check("be refused a leave, and stay", "room-leave-rejected")
async def _(stage):
    client = await stage.enter()
    await client.join("default", "room1")
    equal(await refusal(client.leave("default", "room1")), "stay")
    equal(client.inside, {("default", ""), ("default", "room1")})


@check("be refused a disconnect, and stay", "disconnect-rejected")
async def _(stage):
    client = await stage.enter()
    equal(await refusal(client.disconnect("default")), "stay")
    await client.emit("default", "chat", "still here")


@check("leave all rooms with the namespace", "disconnect")
async def _(stage):
    client = await stage.enter()
    await client.join("default", "room1")
    await client.disconnect("default")
    equal(client.inside, set())


@check("be connected by the server", "server-force-connect")
async def _(stage):
    client = await stage.dial()
    while ("default", "") not in client.inside:
        await asyncio.sleep(0.01)


@check("be joined, taken out and disconnected by the server", "server-room-and-disconnect")
async def _(stage):
    client = await stage.enter()
    await client.emit("default", "go", "1")
    while client.inside:
        await asyncio.sleep(0.01)


@check("get broadcasts, and those of a room it is in", "broadcast")
async def _(stage):
    client = await stage.enter(("chat",))
    await client.emit("default", "go", "1")
    equal(await stage.take(), ["to all"])
    await client.join("default", "room1")
    await client.emit("default", "go", "2")
    messages = [await stage.got.get() for _ in range(4)]
    bodies = [message.error or message.body for message in messages]
    equal(bodies, ["to room", "to ID", "broadcast error", b"binary"])
    equal(messages[0].room, "room1")


@check("names and bodies with semicolons and Unicode", "unicode")
async def _(stage):
    namespace, room, event = ODD
    client = await stage.dial((event,), namespace)
    await client.connect(namespace)
    await client.join(namespace, room)
    await client.emit(namespace, event, TEXT, room=room)
    message = await stage.got.get()
    equal((message.namespace, message.room, message.body), (namespace, room, TEXT))
    equal(await refusal(client.ask(namespace, "as;k", TEXT)), f"refused; {TEXT}")


@check("ask in a room", "ask-in-a-room")
async def _(stage):
    client = await stage.enter()
    await client.join("default", "room1")
    answer = await client.ask("default", "ask", "hi", room="room1")
    equal((answer.room, answer.body), ("room1", "in room1: hi"))


@check("join with a body, which the server reads", "entry-body")
async def _(stage):
    client = await stage.enter()
    await client.join("default", "room1", '{"pass":1}')
    equal(await refusal(client.join("default", "room2", "no")), "not with no")
    await client.disconnect("default")
    equal(await refusal(client.connect("default", "no")), "not with no")


@check("send a header as a URL parameter", "parameter-header")
async def _(stage):
    url = f"{stage.url}?{urlencode({'X-Websocket-Header-X-Name': 'Ann; Bob'})}"
    client = await stage.enter(url=url)
    equal((await client.ask("default", "header")).body, "Ann; Bob forwarded=")


@check("ask for a sign of life", "ack")
async def _(stage):
    client = await stage.dial()
    answer = await client.request(Message("$life", "_heartbeat", "", "_OnNamespaceDisconnect"))
    equal(answer, Message("$life"))


@check("come back into a namespace and a room when the connection is cut", "ask-in-a-room")
async def _(stage):
    scheme, _, rest = stage.url.partition("://")
    address, _, path = rest.partition("/")
    pipes = []

    async def relay(*ends):
        """Lets bytes through to the server, until the test cuts them off."""
        others = await asyncio.open_connection(*address.split(":"))
        pipes.extend([ends[1], others[1]])
        for reader, writer in (ends[0], others[1]), (others[0], ends[1]):
            asyncio.create_task(pump(reader, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        client = await stage.enter(kind=ReconnectingClient, url=f"{scheme}://127.0.0.1:{port}/{path}")
        await client.join("default", "room1")
        for writer in pipes[:2]:
            writer.transport.abort()
        while client.back.is_set():
            await asyncio.sleep(0.01)
        await client.back.wait()
        answer = await client.ask("default", "ask", "hi", room="room1")
        equal(answer.body, "in room1: hi")
        for writer in pipes:
            writer.transport.abort()


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


CONNECT = [("C", "$1;default;;_OnNamespaceConnect;0;0;"), ("S", "$1;;;;;;")]
JOIN, LEAVE = ";default;room;_OnRoomJoin;0;0;", ";default;room;_OnRoomLeave;0;0;"
END = "S", "9;_heartbeat;;_OnNamespaceDisconnect;0;0;"
IN, ROOM = ("default", ""), ("default", "room")

# What crosses: the call of the client, the frames that follow, and where it is then.
CROSSINGS = {
    "two joins that cross are one, though one is refused": (
        "join",
        [("C", "$2" + JOIN), ("S", "1" + JOIN), ("C", "1;;;;;;"), ("S", "$2;default;room;_OnRoomJoin;1;0;no")],
        {IN, ROOM},
    ),
    "a leave shows that a join was granted, and its answer is late": (
        "join",
        [("C", "$2" + JOIN), ("S", "1" + LEAVE), ("C", "1;;;;;;"), ("S", "$2;;;;;;")],
        {IN},
    ),
    "two leaves that cross are one": (
        "leave",
        [("S", "1" + JOIN), ("C", "1;;;;;;"), ("C", "$2" + LEAVE), ("S", "2" + LEAVE), ("C", "2;;;;;;"), ("S", "$2;;;;;;")],
        {IN},
    ),
    "a disconnect takes a room that is being joined": (
        "join",
        [("C", "$2" + JOIN), ("S", "1;default;;_OnNamespaceDisconnect;0;0;"), ("C", "1;;;;;;"), ("S", "$2;;;;;;")],
        set(),
    ),
    "what is granted to nobody is left again": (
        "give up",
        [("C", "$2" + JOIN), ("S", "$2;;;;;;"), ("C", "$3" + LEAVE), ("S", "$3;;;;;;")],
        {IN},
    ),
}


async def play(socket, lines):
    for sender, frame in lines:
        if sender == "S":
            await socket.send(frame)
        else:
            equal(await socket.recv(), frame)


async def check_crossing(call, lines, inside):
    """Plays a server, which also sees that nothing more comes than it waits for."""

    async def answer(socket):
        try:
            await play(socket, [("C", "M"), ("S", "AID"), *CONNECT, *lines, END])
            ended.set_result(await socket.recv())
        except AssertionError as error:
            ended.set_exception(error)

    ended = asyncio.get_running_loop().create_future()
    async with serve(answer, "127.0.0.1", 0) as server:
        client = Client({"default": {}})
        await client.dial(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await client.connect("default")
        while call == "leave" and ROOM not in client.inside:
            await asyncio.sleep(0.01)
        action = asyncio.create_task((client.leave if call == "leave" else client.join)("default", "room"))
        while ROOM not in client.own:
            await asyncio.sleep(0)
        if call == "give up":
            action.cancel()
        equal(await ended, "9;;;;;;")
        equal(client.inside, inside)
        with suppress(Refused, asyncio.CancelledError):
            await action
        await client.socket.close()


async def check_states():
    for name, crossing in CROSSINGS.items():
        await try_one(name, check_crossing(*crossing))


def check_codec(file):
    with open(file, encoding="utf-8") as opened:
        vectors = json.load(opened)
    own = [
        vector
        for vector in vectors["deserialize"]
        if not (vector["allowNative"] or vector["onlyNative"])
        and not (vector["fromExplicit"] or vector["fromStackExchange"])
    ]
    for vector in own:
        message = decode(vector["input"])
        equal(message is None, vector["invalid"])
        if message is not None:
            equal(message, to_message(vector))
            equal(to_text(decode(vector["input"].encode())), message)
    print_result(f"read {len(own)} frames of codec.json, as text and as bytes", True)
    for vector in vectors["serialize"]:
        equal(encode(to_message(vector)), vector["output"])
    print_result(f"write {len(vectors['serialize'])} frames of codec.json", True)


def to_message(vector):
    names = (vector[name] for name in ("wait", "namespace", "room", "event", "error"))
    return Message(*names, vector["noOp"], vector["body"])


def to_text(message):
    if isinstance(message.body, bytes):
        message.body = message.body.decode()
    return message


def print_result(name, ok, note=None):
    print(json.dumps({"name": name, "ok": ok, "note": note} if note else {"name": name, "ok": ok}), flush=True)


async def try_one(name, action):
    try:
        await asyncio.wait_for(action, DEADLINE)
        print_result(name, True)
    except Exception as error:
        print_result(name, False, f"{type(error).__name__}: {error}")


async def check_server(url):
    for name, scenario, action in CHECKS:
        stage = Stage(f"{url}/{scenario}")
        await try_one(name, action(stage))
        for client in stage.clients:
            if hasattr(client, "socket"):
                await client.socket.close()


if __name__ == "__main__":
    kind, *places = sys.argv[1:]
    result = {"codec": check_codec, "states": check_states, "server": check_server}[kind](*places)
    if inspect.isawaitable(result):
        asyncio.run(result)
