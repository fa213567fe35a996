"""Leads TCP connections elsewhere.

relay.py LISTEN=TARGET…       each an address:port; the engines of the machine for the pods
relay.py serve                stands in for a service of a stack: CE_HTTP_ADDRESS leads to where CE_RELAY_FILE says that
                              the service is in the cluster, CE_ADMIN_ADDRESS answers 200
"""

import asyncio
import json
import os
import signal
import sys


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except (ConnectionError, OSError):
        writer.close()


async def lead(reader, writer, target):
    """Joins one connection with one to the target; where nobody listens there, nobody listens here."""
    try:
        host, port = target().rsplit(":", 1)
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
    except (ConnectionError, OSError, ValueError):
        writer.transport.abort()
        return
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
    for end in (writer, far_writer):
        end.close()


async def listen(address, target):
    host, port = address.rsplit(":", 1)

    async def handle(reader, writer):
        await lead(reader, writer, target)

    return await asyncio.start_server(handle, host, int(port), backlog=1024)


async def alive(reader, writer):
    await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


def of_the_cluster(name):
    def target():
        with open(os.environ["CE_RELAY_FILE"], encoding="utf-8") as file:
            return json.load(file)[name]

    return target


async def main(arguments):
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if arguments == ["serve"]:
        host, port = os.environ["CE_ADMIN_ADDRESS"].rsplit(":", 1)
        servers = [
            await asyncio.start_server(alive, host, int(port)),
            await listen(os.environ["CE_HTTP_ADDRESS"], of_the_cluster(os.environ["CE_RELAY_NAME"])),
        ]
    else:
        pairs = (pair.split("=", 1) for pair in arguments)
        servers = [await listen(here, lambda there=there: there) for here, there in pairs]
    await stop.wait()
    for server in servers:
        server.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        sys.exit(0)  # The cluster's own jobs migrate.
    asyncio.run(main(sys.argv[1:]))
