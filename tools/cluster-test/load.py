"""People who ask, and count what failed."""

import json
import threading
import time
import urllib.error
import urllib.request


class Person:
    """Somebody who is signed in at a gateway."""

    def __init__(self, gateway, email, password):
        self.gateway, self.email, self.password = gateway, email, password
        self.token, self.since = None, 0.0

    def header(self):
        if time.monotonic() - self.since > 600:
            body = json.dumps({"email": self.email, "password": self.password}).encode()
            request = urllib.request.Request(
                f"{self.gateway}/v1/auth/login", body, {"content-type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=15) as answer:
                self.token = json.load(answer)["access_token"]
            self.since = time.monotonic()
        return {"authorization": f"Bearer {self.token}"}


def ask(url, headers, timeout=15):
    """The status, or why there is none."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)


class Load:
    """Threads that ask one path after the other, each on a connection of its own, until told to stop."""

    def __init__(self, person, paths, threads=2, pause=0.05):
        self.person, self.paths, self.pause = person, paths, pause
        self.stop, self.lock = threading.Event(), threading.Lock()
        self.count, self.failed = 0, []
        self.threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self):
        self.person.header()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def work(self, turn):
        while not self.stop.is_set():
            path = self.paths[turn % len(self.paths)]
            turn += 1
            status = ask(self.person.gateway + path, self.person.header())
            with self.lock:
                self.count += 1
                if status != 200:
                    self.failed.append((time.strftime("%H:%M:%S"), path, status))
            time.sleep(self.pause)
