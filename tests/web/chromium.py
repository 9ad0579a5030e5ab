"""Chromium, spoken to over a pipe in its DevTools protocol: no network, no package but Python's own.

The browser reads commands on its file descriptor 3 and answers on 4: JSON, each ended by a NUL.
"""
import base64
import fcntl
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

SECONDS = 120  # longest wait for one answer


class Failure(Exception):
    """The browser refused a command, or did not answer in time."""


class Chromium:
    """A headless browser with one page open; a context manager."""

    def __init__(self, program):
        self.last_id = 0
        self.events = []  # what the browser told without being asked, oldest first
        self.read_so_far = b""
        self.session = None
        # The browser's helpers may write into it a moment longer than the browser lives.
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()

        def lay_pipes():
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (commands, answers)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--no-first-run", "--hide-scrollbars", "--force-color-profile=srgb",
             "--user-data-dir=" + self.profile.name, "about:blank"],
            preexec_fn=lay_pipes, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)

    def __enter__(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.call("Performance.enable", timeDomain="threadTicks")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(SECONDS)
        self.profile.cleanup()

    def call(self, method, **parameters):
        """Sends one command and returns its result; events that come meanwhile are kept."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        left = json.dumps(message).encode() + b"\0"
        while left:
            left = left[os.write(self.commands, left):]
        while (answer := self._next(method)).get("id") != self.last_id:
            self.events.append(answer)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def _next(self, awaited):
        until = time.monotonic() + SECONDS
        while b"\0" not in self.read_so_far:
            if not select.select([self.answers], [], [], max(0, until - time.monotonic()))[0]:
                raise Failure(f"{awaited}: no answer in {SECONDS} seconds")
            part = os.read(self.answers, 1 << 20)
            if not part:
                raise Failure(f"{awaited}: the browser ended")
            self.read_so_far += part
        message, self.read_so_far = self.read_so_far.split(b"\0", 1)
        return json.loads(message)

    def open(self, path):
        """Loads a file, and what it loads."""
        self.events.clear()
        error = self.call("Page.navigate", url=pathlib.Path(path).resolve().as_uri()).get("errorText")
        if error:
            raise Failure(f"{path}: {error}")
        while not self._seen("Page.loadEventFired"):
            self.events.append(self._next(path))

    def seconds_to_open(self, path):
        """The processor's seconds that the page takes until it is laid out and painted."""
        self.open(path)
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        metrics = self.call("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    def _seen(self, method):
        return any(event.get("method") == method for event in self.events)

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in result:
            raise Failure(result["exceptionDetails"]["exception"].get("description", expression))
        return result["result"].get("value")

    def view(self, width, height=900, theme="light", media=""):
        """Sets the window's size, the colour scheme and, if asked for, the medium `print`."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": theme}])

    def screenshot(self, path, most=16000):
        """The whole page, down to `most` pixels, as a PNG file."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], most), "scale": 1}
        self._save(path, self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True))

    def print(self, path):
        """The page as a PDF file, on A4."""
        self._save(path, self.call("Page.printToPDF", printBackground=True, paperWidth=8.27,
                                   paperHeight=11.69))

    @staticmethod
    def _save(path, answer):
        pathlib.Path(path).write_bytes(base64.b64decode(answer["data"]))
