"""A client of neffos that comes back, written from neffos/PROTOCOL.md alone."""

import asyncio
import itertools
import random
from contextlib import suppress

from client import Client, Refused

COMES_BACK = {1001, 1005, 1006, *range(1011, 1015), *range(4000, 4500)}


class ReconnectingClient(Client):
    async def dial(self, url, **options):
        self.url, self.options, self.back = url, options, asyncio.Event()
        await super().dial(url, **options)
        self.back.set()

    async def read(self):
        await super().read()
        if self.socket.close_code in COMES_BACK:
            self.back.clear()
            self.spawn(self.come_back(sorted(self.inside)))

    async def come_back(self, places):
        for tries in itertools.count(1):
            await asyncio.sleep(random.uniform(0, min(30, 0.5 * 2 ** (tries - 1))))
            headers = {"X-Websocket-Reconnect": str(tries)}
            with suppress(OSError, EOFError):
                await super().dial(self.url, additional_headers=headers, **self.options)
                break
        for place in places:  # a namespace sorts before its rooms
            with suppress(Refused):
                await self.change(True, *place)
        self.back.set()
