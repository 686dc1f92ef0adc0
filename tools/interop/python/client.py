"""A client of neffos, written from neffos/PROTOCOL.md alone."""

import asyncio
import inspect
import itertools
from contextlib import suppress
from dataclasses import dataclass, field, replace

from frames import Message, decode, encode
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed

ENTER, LEAVE = ["_OnNamespaceConnect", "_OnRoomJoin"], ["_OnNamespaceDisconnect", "_OnRoomLeave"]
YES = ";;;;;;"


class Refused(Exception):
    """The other side says no; the text says why."""


@dataclass
class Own:
    """An ask of one's own to enter or leave a name, until it is answered."""
    wait: str
    enters: bool
    crossed: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Client:
    """`handlers` has functions by namespace and event; what they return answers an ask."""

    def __init__(self, handlers):
        self.handlers, self.tasks = handlers, set()

    async def dial(self, url, **options):
        self.socket = await open_websocket(url, **options)
        self.tokens, self.asks, self.own, self.inside = itertools.count(1), {}, {}, set()
        await self.socket.send("M")
        greeting = await asyncio.wait_for(self.socket.recv(), 10)
        if not greeting.startswith("A"):
            raise Refused(greeting[1:])
        self.id = greeting[1:]
        self.spawn(self.read())

    async def read(self):
        with suppress(ConnectionClosed):
            while True:
                await self.receive(await self.socket.recv())
        for answer, _ in self.asks.values():
            answer.cancel()

    def connect(self, namespace, body=""):
        return self.change(True, namespace, "", body)

    def disconnect(self, namespace):
        return self.change(False, namespace, "")

    def join(self, namespace, room, body=""):
        return self.change(True, namespace, room, body)

    def leave(self, namespace, room):
        return self.change(False, namespace, room)

    async def change(self, enters, namespace, room, body=""):
        key = namespace, room
        while key in self.own:
            await self.own[key].settled.wait()
        if enters and key in self.inside:
            return
        if room or not enters:
            self.check(namespace, "" if enters else room)
        if room and enters and (namespace, "") in self.own:
            raise Refused("bad namespace")
        event = (ENTER if enters else LEAVE)[room != ""]
        self.own[key] = Own(f"${next(self.tokens)}", enters)
        await self.request(Message(self.own[key].wait, namespace, room, event, body=body), key)

    async def ask(self, namespace, event, body="", room=""):
        self.check(namespace, room)
        return await self.request(Message(f"${next(self.tokens)}", namespace, room, event, body=body))

    async def emit(self, namespace, event, body="", room=""):
        self.check(namespace, room)
        await self.socket.send(encode(Message("", namespace, room, event, body=body)))

    async def request(self, message, key=None):
        answer = asyncio.get_running_loop().create_future()
        self.asks[message.wait] = answer, key
        await self.socket.send(encode(message))
        return await asyncio.wait_for(answer, 10)

    def check(self, namespace, room):
        for key, text in ((namespace, ""), "bad namespace"), ((namespace, room), "bad room"):
            if key not in self.inside:
                raise Refused(text)

    async def receive(self, frame):
        message = decode(frame)
        if message is not None and message.wait.startswith("$"):
            self.settle(message)
        elif message is not None and message.event in ENTER + LEAVE:
            await self.asked(message)
        elif message is not None:
            self.spawn(self.handle(message))

    def settle(self, message):
        """Takes an answer; nothing waits for one that is late."""
        answer, key = self.asks.pop(message.wait, (None, None))
        own = self.own.pop(key, None)
        is_yes = message.error is None or own is not None and own.crossed
        if own is not None:
            own.settled.set()
            if is_yes:
                self.place(key, own.enters)
        if answer is None or answer.done():
            if own is not None and own.enters and is_yes:  # nobody wants it any more
                self.spawn(self.change(False, *key))
        elif is_yes:
            answer.set_result(message)
        else:
            answer.set_exception(Refused(message.error))

    async def asked(self, message):
        """Answers an ask to enter or leave a name."""
        key, enters = (message.namespace, message.room), message.event in ENTER
        own = self.own.get(key)
        if own is not None and own.enters != enters:  # which shows that it was granted
            self.settle(Message(own.wait))
            own = None
        is_known = (key[0], "") in self.inside if key[1] else key[0] in self.handlers
        if own is not None:
            own.crossed = True
        elif enters and not is_known:
            return await self.socket.send(encode(replace(message, error="bad namespace")))
        else:
            self.place(key, enters)
        await self.socket.send(message.wait + YES)

    def place(self, key, enters):
        (self.inside.add if enters else self.inside.discard)(key)
        if enters or key[1]:
            return
        for room in [name for name in {*self.inside, *self.own} if name[0] == key[0] and name[1]]:
            self.inside.discard(room)
            if own := self.own.get(room):
                own.crossed = False
                self.settle(Message(own.wait, error="bad namespace" if own.enters else None))

    async def handle(self, message):
        key = message.namespace, message.room
        for name in (key[0], ""), key:  # messages may come before the yes
            while (own := self.own.get(name)) and own.enters:
                await own.settled.wait()
        try:
            self.check(*key)
            handler = self.handlers[key[0]].get(message.event)
            if handler is None:
                raise Refused(f"nothing handles {message.event}")
            result = handler(message)
            result = await result if inspect.isawaitable(result) else result
            answer = message.wait + YES if result is None else encode(replace(message, body=result))
        except Exception as error:
            answer = encode(replace(message, error=str(error)))
        if message.wait and message.error is None:
            await self.socket.send(answer)

    def spawn(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
