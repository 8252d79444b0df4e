# SPDX-License-Identifier: Apache-2.0
"""A place between client and PostgreSQL server that cuts a connection at a chosen commit."""

import contextlib
import socket
import threading

COMMIT = b"COMMIT\0"


class CuttingProxy:
    """Hands bytes on. `cut(number, when)` closes the connection at the so many-th commit from then on: `before` the
    server hears of it, or `after` it has answered, without the answer."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.guard = threading.Lock()
        self.commits, self.cut_at, self.when, self.cuts = 0, None, "", 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def cut(self, number, when):
        with self.guard:
            self.commits, self.cut_at, self.when, self.cuts = 0, number, when, 0

    def is_to_be_cut(self):
        with self.guard:
            self.commits += 1
            if self.commits != self.cut_at:
                return False
            self.cuts += 1
            return True

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.create_connection(self.target) as server:
            is_cut, is_answered = threading.Event(), threading.Event()
            ends = (server, client, is_cut, is_answered)
            threading.Thread(target=self.hand_back, args=ends, daemon=True).start()
            while data := client.recv(1 << 16):
                if COMMIT in data and self.is_to_be_cut():
                    is_cut.set()
                    if self.when == "after":
                        server.sendall(data)
                        is_answered.wait(10)
                    # Closing alone would wait for the other thread, and the server would hear nothing of it.
                    for end in (server, client):
                        end.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(data)

    @staticmethod
    def hand_back(server, client, is_cut, is_answered):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if is_cut.is_set():
                    is_answered.set()
                    return
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
