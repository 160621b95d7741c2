"""A chat endpoint of fixed latency that costs next to nothing: `python -m bench.latency_server SECONDS [BYTES]`.

Prints its port, then answers every POST after SECONDS with the same completion of BYTES of text; GET / says how many
POSTs came. Bare protocol callbacks, so that on a small machine the clients under test keep most of the processors.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast


def response(text_bytes: int) -> bytes:
    message = {"role": "assistant", "reasoning_content": "x" * text_bytes, "content": "The answer is \\boxed{4}."}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 50, "total_tokens": 70},
    }
    data = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data


class Server(asyncio.Protocol):
    count = 0
    seconds = 0.2
    answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            if head.startswith(b"get"):
                self._data = self._data[end + 4 :]
                text = str(Server.count).encode()
                self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
                continue
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            Server.count += 1
            asyncio.get_running_loop().call_later(self.seconds, self._send)

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self.answer)


async def main() -> None:
    Server.seconds = float(sys.argv[1])
    Server.answer = response(int(sys.argv[2]) if len(sys.argv) > 2 else 500)
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
