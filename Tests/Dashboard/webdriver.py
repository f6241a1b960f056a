"""A small WebDriver client: JSON over HTTP to chromedriver, without packages."""

import base64
import http.client
import json
import subprocess
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"enter": "\ue007", "escape": "\ue00c", "tab": "\ue004"}


class Browser:
    """A headless Chromium with a window of 1100 by 720."""

    def __init__(self, *switches):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        self.session = None
        try:
            self.port = self._port()
            options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                "--hide-scrollbars", "--window-size=1100,720", *switches]}
            capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
                            "timeouts": {"script": 20_000, "pageLoad": 30_000}}
            answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self.session = f"/session/{answer['sessionId']}"
        except BaseException:
            self.close()
            raise

    def _port(self):
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                return int(line.rsplit(" ", 1)[1].strip(" .\n"))
        raise RuntimeError("chromedriver did not start")

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"{answer['error']}: {answer['message'].splitlines()[0]}")
        return answer

    def close(self):
        try:
            if self.session:
                self._ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=10)

    def open(self, url):
        self._ask("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        """Runs the body of a function, and returns its value."""
        return self._ask("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        """Runs the body of a function whose last argument takes the value."""
        return self._ask("POST", self.session + "/execute/async", {"script": script, "args": list(arguments)})

    def press(self, *keys):
        """Presses keys on the element that has the focus: characters, or names of KEYS."""
        actions = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        sources = [{"type": "key", "id": "keyboard", "actions": actions}]
        self._ask("POST", self.session + "/actions", {"actions": sources})

    def click(self, selector):
        for attempt in range(10):
            found = self._ask("POST", self.session + "/element", {"using": "css selector", "value": selector})
            try:
                return self._ask("POST", f"{self.session}/element/{found[ELEMENT]}/click", {})
            except RuntimeError as error:
                # A live view has replaced the element meanwhile.
                if "stale" not in str(error) or attempt == 9:
                    raise

    def text(self, selector):
        """The text of an element as it is seen; empty for one that is hidden or not there."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait(self, condition, script, *arguments, seconds=30):
        """Waits until a script returns a true value, and returns it."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                page = self.run("return document.body.innerText")
                raise AssertionError(f"{condition} did not come. The page:\n{page}")
            time.sleep(0.1)

    def wait_for_text(self, selector, text, seconds=30):
        script = "return (document.querySelector(arguments[0])?.innerText ?? '').includes(arguments[1])"
        self.wait(f"the text {text!r} in {selector}", script, selector, text, seconds=seconds)

    def scheme(self, name):
        """Chooses light or dark, as the operator's system does."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        body = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}
        self._ask("POST", self.session + "/goog/cdp/execute", body)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._ask("GET", self.session + "/screenshot")))

    def errors(self):
        """The errors of the console since the last call."""
        log = self._ask("POST", self.session + "/se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]
