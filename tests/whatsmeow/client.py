"""whatsmeow as an application uses it, through neonize."""

import ctypes
import os
import pathlib
import queue
import tempfile
import threading
import time

URL = b"wss://web.whatsapp.com/ws/chat"
ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
LIMIT = 40


def aim_at(sandbox):
    """Loads a copy of the library whose two constants are the sandbox's. It is for the whole process."""
    url = sandbox.ws_url.encode()
    # As long as what it replaces.
    url += b"?" + b"x" * (len(URL) - len(url) - 1) if len(url) < len(URL) else b""
    assert len(url) == len(URL), url
    load = ctypes.CDLL

    def copy(path, *rest):
        if not pathlib.Path(path).name.startswith("neonize"):
            return load(path, *rest)
        library = pathlib.Path(path).read_bytes()
        assert (library.count(URL), library.count(ROOT)) == (1, 1)
        with tempfile.NamedTemporaryFile(suffix=".so") as changed:
            changed.write(library.replace(URL, url).replace(ROOT, sandbox.root))
            changed.flush()
            return load(changed.name, *rest)

    ctypes.CDLL = copy
    try:
        import neonize.client  # noqa: F401
    finally:
        ctypes.CDLL = load


class Client:
    def __init__(self, folder):
        from neonize.client import NewClient
        from neonize.proto import Neonize_pb2 as proto

        self.folder, self.qrs, self.events = folder, queue.Queue(), queue.Queue()
        name = os.path.join(folder, f"{time.monotonic_ns()}")
        # Each start is a client of its own on the same database.
        self.client = NewClient(os.path.join(folder, "db.sqlite3"), uuid=name)
        self.client.event.qr(lambda _, code: self.qrs.put(code.decode()))
        for kind in ("Connected", "LoggedOut", "StreamReplaced", "StreamError", "Disconnected", "TemporaryBan",
                     "ConnectFailure", "ClientOutdated", "Message", "Receipt", "PairStatus", "KeepAliveTimeout"):
            self.client.event(getattr(proto, kind))(lambda _, event, kind=kind: self.events.put((kind, event)))
        self.failed = queue.Queue()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.client.connect()
        except Exception as error:
            self.failed.put(str(error))

    @classmethod
    def linked(cls, sandbox, phone):
        client = cls(tempfile.mkdtemp(prefix="whatsmeow-"))
        jid = sandbox.scan(phone, client.qr())
        client.until("Connected")
        return client, jid

    def qr(self):
        return self.qrs.get(timeout=LIMIT)

    def until(self, kind, wanted=lambda event: True):
        """The next event of this kind; those before it are gone."""
        end, others = time.monotonic() + LIMIT, []
        while True:
            try:
                seen, event = self.events.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind}, but {others}") from None
            if seen == kind and wanted(event):
                return event
            others.append(seen)

    def text(self, wanted):
        def said(event):
            return wanted in (event.Message.conversation, event.Message.extendedTextMessage.text)

        return self.until("Message", said)

    def stop(self):
        self.client.stop()
        self.thread.join(LIMIT)
